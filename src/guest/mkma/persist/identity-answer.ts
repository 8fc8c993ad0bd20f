/** `mkma persist --identity`: its output. */

import type { BootRecord } from '../../../core/boot/record.js';
import { ok, type Result, usage } from '../../../core/result.js';
import { quoteName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { RunningSystem } from '../../system.js';
import type { Answer } from '../session.js';
import { type IdentitySaved, saveIdentity } from './identity.js';

/** Options that choose or form what is saved otherwise. */
const OTHERS = ['all', 'select', 'deselect', 'ignoreRules', 'name', 'level', 'format'] as const;

/** Refuses options that mean nothing beside `--identity`. */
export function checkAlone(flags: Readonly<Partial<Record<(typeof OTHERS)[number], unknown>>>): Result<void> {
  const other = OTHERS.find((name) => flags[name] !== undefined);
  if (other === undefined) return ok();
  const option = `--${other.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
  return usage({
    code: 'exclusive-options',
    what: `--identity and ${option} exclude each other`,
    next: 'leave out one of them',
  });
}

export function persistIdentity(
  machine: RunningSystem,
  record: BootRecord,
  options: { readonly dryRun: boolean },
): Result<Answer> {
  const done = saveIdentity(machine, record, options);
  if (!done.ok) return done;
  return ok({ value: done.value, lines: () => lines(done.value) });
}

const BOUND = { machine: 'bound to this machine', medium: 'which goes with the medium' } as const;

function lines({ layer, unchanged, replaces, kinds, files, bound, ...saved }: IdentitySaved): string[] {
  const warnings = saved.warnings.map((warning) => `warning: ${warning}`);
  const what = kinds.join(', ');
  if (unchanged !== undefined)
    return [...warnings, `nothing to save: ${quoteName(unchanged)} has it: ${what}`];
  if (kinds.length === 0) return [...warnings, 'nothing to save: all of it is as in the base'];
  const replaced = replaces.length === 0 ? [] : [`replaces ${replaces.map(quoteName).join(', ')}`];
  if (layer === undefined) {
    return [...files.map(quoteName), ...warnings, ...replaced, `would be saved, ${BOUND[bound]}: ${what}`];
  }
  const as = `${layer.file}, ${formatBytes(layer.bytes)}`;
  return [...warnings, ...replaced, `saved the identity as ${as}, ${BOUND[bound]}: ${what}`];
}
