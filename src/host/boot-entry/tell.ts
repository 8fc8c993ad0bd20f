/** Entries, and what writing them does, as text. Pure. */
import { formatBytes } from '../../core/text/size.js';
import type { Loader } from './choose.js';
import type { Plan } from './plan.js';

/** What was, or would be, done for one boot loader. */
export interface LoaderResult {
  readonly loader: Loader;
  /** The lines of the entry. */
  readonly entry: readonly string[];
  /** Whether the images are on volumes that GRUB does not open. */
  readonly onVolumes?: boolean;
  /** The file that holds it. */
  readonly file?: string;
  /** Folder on the ESP, or in /boot, to which kernel and initramfs are copied. */
  readonly copiedTo?: string;
  /** Folders with older copies that are removed. */
  readonly removed?: readonly string[];
}

/** The entries to paste. The lines around them are comments in both languages. */
export function entryLines(results: readonly LoaderResult[]): string[] {
  return results.flatMap((result, i) => [
    ...(i === 0 ? [] : ['']),
    ...(results.length === 1 ? [] : [`# ${headOf(result)}`]),
    ...(needsCopies(result)
      ? [`# These files have to be ${placeOf(result)}: mkma boot-entry --write copies them.`]
      : []),
    ...result.entry,
  ]);
}

function headOf({ loader, file }: LoaderResult): string {
  if (loader === 'grub') return `GRUB: ${file ?? 'custom.cfg in the folder of grub.cfg'}`;
  return `systemd-boot: ${file ?? 'a file in loader/entries/ on the ESP'}`;
}

function needsCopies({ loader, file, copiedTo, onVolumes }: LoaderResult): boolean {
  const always = loader === 'systemd-boot' || onVolumes === true;
  return copiedTo !== undefined || (always && file === undefined);
}

function placeOf({ loader }: LoaderResult): string {
  return loader === 'grub' ? 'on a plain file system, such as that of /boot' : 'on the ESP';
}

/** What writing for one boot loader did (`done`) or would do. */
export function changeLines({ loader, entry }: LoaderResult, plan: Plan, done: boolean): string[] {
  const said = (past: string, future: string): string => (done ? past : `would ${future}`);
  const { copies, writes, goneEntries, older } = plan;
  const reader =
    loader === 'grub' ? 'GRUB reads it at every boot; there is no need to run grub-mkconfig' : 'systemd-boot';
  return [
    ...copies.map(
      ({ names, bytes, to }) =>
        `${said('copied', 'copy')} ${names.join(', ')} (${formatBytes(bytes)}) to ${to}`,
    ),
    ...writes.map(({ file, upToDate }) =>
      upToDate ? `up to date: ${file}` : `${said('wrote', 'write')} the entry to ${file} (${reader})`,
    ),
    ...goneEntries.map((file) => `${said('removed', 'remove')} the entry of a dropped generation: ${file}`),
    ...older.map((folder) => `${said('removed', 'remove')} older copies: ${folder}`),
    ...(done ? [] : ['', ...entry.map((line) => `  ${line}`)]),
  ];
}
