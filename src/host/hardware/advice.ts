/** What a definition should contain for a machine's hardware, and why. Pure. */
import { firmwareOf } from '../definition/presets/hardware/firmware.js';
import type { HardwareName } from '../definition/presets/hardware/hardware.js';
import type { Computer, Maker } from './computer.js';
import { packagesWith } from './firmware-packages.js';
import { unnamedFirmware } from './unnamed-firmware.js';
import { type KernelModules, type Use, withNeeded } from './uses.js';

/** What is known about a machine. */
export interface Findings {
  readonly computer: Computer;
  readonly uses: readonly Use[];
  /** `undefined`: no kernel's modules could be read. */
  readonly kernel: KernelModules | undefined;
  /** Names in the `firmware` fields of modules. */
  readonly asked: ReadonlyMap<string, readonly string[]>;
  /** Names in the kernel's log. */
  readonly logged: readonly string[];
}

/** A fragment or package, and what needs it. */
interface Reason {
  readonly name: string;
  readonly why: string;
}

/** Fields of a definition, each value with a reason. */
export interface Advice {
  readonly extends: readonly HardwareName[];
  readonly firmware: readonly string[];
  readonly packages: readonly string[];
  /** Drivers of the machine's devices, in byte order: `keepModules` if another machine builds it. */
  readonly modules: readonly string[];
  readonly reasons: readonly Reason[];
  /** Firmware in the kernel's log that no Debian package contains. */
  readonly unknown: readonly string[];
}

/** The advice. */
export function advise(findings: Findings): Advice {
  const fragments = fragmentsFor(findings);
  const names = fragments.map(({ name }) => name);
  const brought = firmwareOf(names);
  const firmware = firmwareFor(findings).filter(({ name }) => !brought.includes(name));
  const wifi = findings.uses.find(({ kind }) => kind === 'Wi-Fi');
  const rules =
    wifi === undefined || names.includes('hardware/laptop')
      ? []
      : [{ name: 'wireless-regdb', why: `radio rules by country, for ${briefly(wifi)}` }];
  return {
    extends: names,
    firmware: firmware.map(({ name }) => name),
    packages: rules.map(({ name }) => name),
    modules: driversOf(findings),
    reasons: [...fragments, ...firmware, ...rules],
    unknown: findings.logged.filter((name) => packagesWith(name).length === 0),
  };
}

/** Drivers of graphics by their maker. */
const GRAPHICS: Readonly<Record<Maker, readonly string[]>> = {
  Intel: ['i915', 'xe'],
  AMD: ['amdgpu', 'radeon'],
};
const FRAGMENTS: Readonly<Record<Maker, HardwareName>> = { Intel: 'hardware/intel', AMD: 'hardware/amd' };

function fragmentsFor({ computer, uses }: Findings): { name: HardwareName; why: string }[] {
  const { processor, virtual, laptop } = computer;
  const makers = (Object.keys(FRAGMENTS) as Maker[]).map((maker) => ({
    name: FRAGMENTS[maker],
    whys: [
      ...(processor === maker && !virtual ? [`${maker} processor`] : []),
      ...uses.filter(({ modules }) => modules.some((name) => GRAPHICS[maker].includes(name))).map(briefly),
    ],
  }));
  return [...makers, { name: 'hardware/laptop' as const, whys: laptop }]
    .filter(({ whys }) => whys.length > 0)
    .map(({ name, whys }) => ({ name, why: whys.join(', ') }));
}

/** Firmware packages by name, each with the first device that needs it. */
function firmwareFor({ uses, kernel, asked, logged }: Findings): Reason[] {
  const wanted = uses.flatMap((use) =>
    use.modules.flatMap((module) => {
      const related = kernel === undefined ? [module] : withNeeded(module, kernel.index);
      const names = [...related.flatMap((one) => asked.get(one) ?? []), ...unnamedFirmware(use, uses)];
      return names.map((name) => ({ name, by: briefly(use) }));
    }),
  );
  const inLog = logged.map((name) => ({ name, by: LOG }));
  const reasons = new Map<string, { readonly by: string; readonly names: string[] }>();
  // The log names what was really requested, which explains more than what a driver may request.
  for (const { name, by } of [...inLog, ...wanted]) {
    for (const one of packagesWith(name)) {
      const reason = reasons.get(one);
      if (reason === undefined) reasons.set(one, { by, names: [name] });
      else if (reason.by === by) reason.names.push(name);
    }
  }
  return [...reasons]
    .map(([name, { by, names }]) => ({ name, why: `${by}: ${listed(names)}` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const LOG = "the kernel's log";

/** `iwlwifi-100-5.ucode and 67 more`. */
function listed(names: readonly string[]): string {
  const [first = '', ...others] = names;
  return others.length === 0 ? named(first) : `${named(first)} and ${others.length} more`;
}

/** A name as shown: beginnings of names end in dots. */
function named(name: string): string {
  return /\.\w+$/.test(name) ? name : `${name}...`;
}

/** Modules of this kernel that drive hardware of the machine. */
function driversOf({ uses, kernel }: Findings): string[] {
  if (kernel === undefined) return [];
  const { files, drivers } = kernel.index;
  const names = new Set(uses.flatMap(({ modules }) => modules));
  return [...names].filter((name) => files.has(name) && drivers.has(name)).sort();
}

/** `Wi-Fi 0000:00:14.3 (iwlwifi)`. */
function briefly({ device, kind, modules }: Use): string {
  const what = kind === 'other' ? device.bus : kind;
  return `${what} ${device.name}${modules.length === 0 ? '' : ` (${modules.join(', ')})`}`;
}
