/** What is not saved yet, in figures: for prompts and bars. */
import { listedChanges } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import type { Unit } from '../../../core/records/units.js';
import { formatBytes } from '../../../core/text/size.js';
import { formatMoment } from '../../../core/text/time.js';
import type { GuestSystem, RunningSystem } from '../../system.js';
import { measureFileSystem } from '../room.js';
import type { Left } from './left.js';
import { itemsOf } from './shown.js';
import type { Units } from './units.js';

/** The figures as they were last seen; readable by everybody. */
const FIGURES = '/run/mkma/unsaved.json';

export interface Figures {
  /** All of those below. */
  readonly changes: number;
  readonly packages: number;
  readonly accounts: number;
  readonly files: number;
  /** Of their content. */
  readonly bytes: number;
}

export interface Unsaved extends Figures {
  /** When they were counted. */
  readonly at: string;
  /** Whether that is now: only root can. */
  readonly current: boolean;
  /** Bytes that the RAM file system has grown by since; absent if current. */
  readonly grown?: number;
}

/** What a look has found. */
interface Found {
  readonly changes: readonly Change[];
  readonly units: Units;
  readonly left: readonly Left[];
}

/** The figures of what a look has found, less what is saved. */
export function figuresOf(
  { changes, units: all, left }: Found,
  isSaved: (path: string) => boolean = () => false,
  isSavedUnit: (unit: Unit) => boolean = () => false,
): Figures {
  const away = new Set(left.map(({ unit }) => unit));
  const units = all.units.filter((unit) => !away.has(unit) && !isSavedUnit(unit));
  const items = itemsOf(changes, all).filter(({ path }) => !isSaved(path));
  const count = (kind: Unit['kind']): number => units.filter((unit) => unit.kind === kind).length;
  const files = listedChanges(items).length;
  const own = new Set(units);
  const parts = changes.filter(({ path }) => own.has(all.members.get(path) as Unit));
  return {
    ...{ changes: files + units.length, packages: count('package'), accounts: count('account'), files },
    bytes: bytesOf(items) + bytesOf(parts),
  };
}

function bytesOf(changes: readonly Change[]): number {
  return changes.reduce(
    (sum, { entry, kind }) => sum + (entry?.type === 'f' && kind !== 'metadata' ? entry.size : 0),
    0,
  );
}

/** Keeps figures for everybody to read. If they cannot be written, older ones are shown. */
export function rememberFigures(machine: RunningSystem, figures: Figures): Unsaved {
  const at = new Date(machine.now()).toISOString();
  const { used } = measureFileSystem(machine, '/');
  machine.write(FIGURES, `${JSON.stringify({ ...figures, at, used })}\n`);
  return { ...figures, at, current: true };
}

/** The figures that root has seen last. */
export function readFigures(machine: GuestSystem): Unsaved | undefined {
  const text = machine.readText(FIGURES);
  if (text === undefined) return undefined;
  try {
    const { used, ...figures } = JSON.parse(text) as Figures & { at: string; used: number };
    const grown = Math.max(0, measureFileSystem(machine, '/').used - used);
    return { ...figures, current: false, grown };
  } catch {
    // It is being written.
    return undefined;
  }
}

/** In a line. */
export function unsavedText({
  changes,
  packages,
  accounts,
  files,
  bytes,
  at,
  current,
  grown = 0,
}: Unsaved): string {
  const parts = [
    [packages, 'package', 'packages'],
    [accounts, 'account', 'accounts'],
    [files, 'file or folder', 'files and folders'],
  ] as const;
  const named = parts.flatMap(([count, one, many]) =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}`],
  );
  const what =
    changes === 0
      ? 'nothing unsaved'
      : `${changes} unsaved ${changes === 1 ? 'change' : 'changes'}, ${formatBytes(bytes)}: ${named.join(', ')}`;
  const more = grown >= WORTH_SAYING ? `, and ${formatBytes(grown)} written since` : '';
  return current ? what : `${what} (root counted at ${formatMoment(at)}${more})`;
}

/** Growth in bytes caused by logs and the like alone. */
const WORTH_SAYING = 2 ** 20;
