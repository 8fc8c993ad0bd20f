/** The mark of a layer with an identity, and which of several a boot applies. Pure. */
import type { Problem } from '../result.js';
import { quoteName } from '../text/path.js';

/** To what an identity belongs. */
export const BINDINGS = ['machine', 'medium'] as const;
export type Binding = (typeof BINDINGS)[number];

/** In the manifest of a layer with an identity. */
export interface IdentityMark {
  /** `machine`: it applies to the hardware that it was saved on; `medium`: wherever the medium is. */
  readonly bound: Binding;
  /**
   * SHA-256 of the hardware's id for this purpose, in hexadecimal; absent if it has none, or if bound to the
   * medium.
   */
  readonly hardware?: string;
}

export function isIdentityMark(value: unknown): value is IdentityMark {
  if (typeof value !== 'object' || value === null) return false;
  const { bound, hardware } = value as Record<string, unknown>;
  if (bound === 'medium') return hardware === undefined;
  return bound === 'machine' && (hardware === undefined || /^[0-9a-f]{64}$/.test(String(hardware)));
}

/** The hardware to apply one on, without a digest if it has no id. `undefined`: it is not known. */
export interface Hardware {
  readonly digest?: string;
}

/** A layer with an identity. */
export interface MarkedLayer {
  readonly name: string;
  /** Its file, for people. */
  readonly file: string;
  readonly mark: IdentityMark;
  /** Applied wherever it is, as `mkma_layers=!NAME` requests. */
  readonly forced?: boolean;
}

/** Whether it applies on this hardware; on unknown hardware any does. */
export function appliesOn({ bound, hardware }: IdentityMark, here: Hardware | undefined): boolean {
  return bound === 'medium' || here === undefined || hardware === here.digest;
}

/** Whether both apply on the same hardware, so that only one of them can count. */
function compete(one: MarkedLayer, other: MarkedLayer, here: Hardware | undefined): boolean {
  if (here !== undefined || one.mark.bound === 'medium' || other.mark.bound === 'medium') return true;
  return one.mark.hardware === other.mark.hardware;
}

/**
 * Why layers with identities are not applied, by name; the others are. `layers`: in the order in which they
 * are applied. Of those that apply here the last does.
 */
export function judgeIdentities(
  layers: readonly MarkedLayer[],
  here: Hardware | undefined,
): Map<string, Problem> {
  const problems = new Map<string, Problem>();
  const taken: MarkedLayer[] = [];
  for (const layer of [...layers].reverse()) {
    if (layer.forced !== true && !appliesOn(layer.mark, here)) {
      problems.set(layer.name, elsewhere(layer, here));
      continue;
    }
    const newer = taken.find((other) => compete(layer, other, here));
    if (newer === undefined) taken.push(layer);
    else problems.set(layer.name, replaced(layer, newer));
  }
  return problems;
}

function elsewhere({ name, file }: MarkedLayer, here: Hardware | undefined): Problem {
  return {
    code: 'identity-of-another-machine',
    what: 'the identity belongs to another machine',
    where: file,
    why:
      here?.digest === undefined
        ? 'it is bound to hardware with an id, and the firmware of this machine has none of its own'
        : 'it is bound to hardware with another id',
    next:
      `save one for this machine as well: mkma persist --identity\n` +
      `or apply it here: mkma_layers=!${quoteName(name)} in the boot loader`,
  };
}

function replaced({ name, file }: MarkedLayer, newer: MarkedLayer): Problem {
  return {
    code: 'identity-replaced',
    what: 'a newer identity replaces this one',
    where: file,
    why: `${quoteName(newer.name)} is applied; a machine has one identity`,
    next: `remove it: mkma layers drop ${quoteName(name)}`,
  };
}
