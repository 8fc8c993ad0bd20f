/** Which Debian package contains a firmware file. Pure. */
import { FIRMWARE_TABLE } from './firmware-table.js';

interface Entry {
  readonly text: string;
  /** Whether a name may continue after the text. */
  readonly open: boolean;
  readonly package: string;
}

const ENTRIES: readonly Entry[] = Object.entries(FIRMWARE_TABLE).flatMap(([name, patterns]) =>
  patterns.map((pattern) => ({
    ...{ text: pattern.replace(/\*$/, ''), open: pattern.endsWith('*'), package: name },
  })),
);

/**
 * Packages that contain the firmware a module names: a path below /usr/lib/firmware, or a pattern. Newer and
 * older versions than Debian's own count too. The longest entry decides; none: no Debian package contains it.
 */
export function packagesWith(name: string): string[] {
  const literal = name.split(/[*?[]/)[0] as string;
  const isPattern = literal.length < name.length;
  const fits = ({ text, open }: Entry): boolean =>
    (open ? literal.startsWith(text) : literal === text) || (isPattern && text.startsWith(literal));
  const fitting = ENTRIES.filter(fits);
  if (isPattern) return unique(fitting);
  const longest = Math.max(...fitting.map(({ text }) => text.length));
  return unique(fitting.filter(({ text }) => text.length === longest));
}

function unique(entries: readonly Entry[]): string[] {
  return [...new Set(entries.map((entry) => entry.package))].sort();
}
