/** The lines that `mkma doctor --hardware` prints. Pure. */
import type { Advice } from './advice.js';
import type { Computer } from './computer.js';
import type { Kind, Use } from './uses.js';

/** What could not be read, and what to do about it. */
export interface Unread {
  readonly what: string;
  readonly next: string;
}

/** Kinds that the first line names. */
const NAMED: readonly Kind[] = ['graphics', 'Wi-Fi', 'Bluetooth', 'wired network'];

/** One line: `laptop, Intel processor, graphics (i915), Wi-Fi (iwlwifi)`. */
export function describeComputer({ processor, virtual, laptop }: Computer, uses: readonly Use[]): string {
  const devices = NAMED.flatMap((kind) => {
    const own = uses.filter((use) => use.kind === kind);
    const modules = [...new Set(own.flatMap((use) => use.modules))];
    if (own.length === 0) return [];
    return [`${kind} (${modules.length === 0 ? 'no driver' : modules.join(', ')})`];
  });
  const kind = virtual ? 'virtual machine' : laptop.length > 0 ? 'laptop' : 'desktop or server';
  return [kind, `${processor ?? 'other'} processor`, ...devices].join(', ');
}

/** The fields to paste into a definition, one a line; none if the machine needs nothing. */
function fieldLines({ extends: upon, firmware, packages }: Advice): string[] {
  const line = (field: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${field}: [${names.map((name) => `'${name}'`).join(', ')}],`];
  return [...line('extends', upon), ...line('firmware', firmware), ...line('packages', packages)];
}

/** What is printed about a machine. */
export interface Told {
  /** From {@link describeComputer}. */
  readonly computer: string;
  readonly virtual: boolean;
  readonly advice: Advice;
  /** The kernel whose modules were read; `undefined`: none could be read. */
  readonly kernel: string | undefined;
  readonly unread: readonly Unread[];
}

const NOTHING = 'nothing to add: the hardware found needs no fragment and no firmware';
const NO_FRAGMENT = 'no fragment matches; which firmware it needs is unknown';

/** All lines. */
export function hardwareLines({ computer, virtual, advice, kernel, unread }: Told): string[] {
  const fields = fieldLines(advice);
  const { modules, reasons, unknown } = advice;
  const width = Math.max(0, ...reasons.map(({ name }) => name.length));
  const keep = modules.map((name) => `'${name}'`).join(', ');
  return [
    `this machine: ${computer}`,
    '',
    ...(fields.length === 0
      ? [kernel === undefined ? NO_FRAGMENT : NOTHING]
      : ['lines for its definition:', ...fields.map((line) => `  ${line}`)]),
    ...(modules.length === 0
      ? []
      : [`  // If built on another machine with without: ['modules']:`, `  // keepModules: [${keep}],`]),
    ...(reasons.length === 0
      ? []
      : ['', 'why:', ...reasons.map(({ name, why }) => `  ${name.padEnd(width)}  ${why}`)]),
    '',
    ...(kernel === undefined ? [] : [`ok       modules of ${kernel}`]),
    ...(virtual ? ['ok       virtual machine: its host loads the microcode'] : []),
    ...unknown.map(
      (name) => `note     no Debian package contains the firmware ${name}, which the kernel requested`,
    ),
    ...unread.flatMap(({ what, next }) => [`note     ${what}`, `           next: ${next}`]),
  ];
}
