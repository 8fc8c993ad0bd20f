/**
 * Reads the state of the machine: the upper directory, what is below it, and what this boot has saved
 * already.
 */
import { DUMP_ARGUMENTS } from '../../../core/archive/attributes.js';
import {
  findArguments,
  inView,
  isViewed,
  parseTree,
  sortTree,
  type TreeEntry,
} from '../../../core/archive/tree.js';
import { OVERLAY } from '../../../core/contract.js';
import { identityKind } from '../../../core/identity/files.js';
import { type Upper, wholeFolders } from '../../../core/overlay/changes.js';
import { knownLayer } from '../../../core/overlay/known.js';
import { type LowerDirectory, LowerView } from '../../../core/overlay/lower.js';
import { followMarks, isInside, type Marks, type Moves } from '../../../core/overlay/marks.js';
import { asLowerLayer, type SavedSnapshot } from '../../../core/overlay/snapshot.js';
import { databaseOf } from '../../../core/records/databases.js';
import { RECORD_FILES } from '../../../core/records/records.js';
import type { Problem } from '../../../core/result.js';
import { ancestorsOf, nameLength } from '../../../core/text/path.js';
import type { Finished, RunningSystem } from '../../system.js';
import { ThrownProblem } from '../../thrown-problem.js';
import {
  attributesInView,
  type Devices,
  deviceNumbers,
  dumpOf,
  find,
  lookUp,
  partWhiteouts,
  sortAttributes,
  stable,
} from '../directory.js';
import type { Merged } from '../merged.js';
import { FRESH } from '../view.js';
import { equalFiles } from './equal.js';
import { type Difference, differenceFromKnown } from './known.js';
import { MAPPINGS, mappedIn } from './mapped.js';
import { readEntries } from './saved.js';

export interface Scan {
  readonly upper: Upper;
  readonly devices: Devices;
  /** The lower directories that are mounted. */
  readonly stack: LowerView;
  /** Where they are visible as one. */
  readonly merged: Merged;
  /** The same with the snapshots of this boot. */
  readonly below: LowerView;
  /** When it began, in seconds since the epoch. */
  readonly seen: number;
  /** Inodes that programs could change through memory at that time. */
  readonly mapped: ReadonlySet<string>;
  /** Given if what is known and unchanged was left out. */
  readonly difference?: Difference;
}

/**
 * Files that both base and layers write, which a layer records even if it contains none of them, and their
 * folders.
 */
const RECORD_PATHS = [...new Set(RECORD_FILES.flatMap((path) => [...ancestorsOf(path), path]))];

/**
 * Scans the machine. `saved`: snapshots of this boot that are on the medium, in the order in which they were
 * made. `whole`: files whose metadata alone has changed are taken with their content.
 */
export function scanMachine(
  machine: RunningSystem,
  merged: Merged,
  saved: readonly SavedSnapshot[],
  whole: boolean,
  taken?: Taken,
): Scan {
  const look = { machine, merged, saved, whole, ...(taken === undefined ? {} : { taken }) };
  const now = (): number => taken?.until ?? machine.now() / 1000;
  const seen = now();
  const difference = differenceFromKnown(machine, saved, taken?.file);
  const quick = difference === undefined ? undefined : scanWith(look, seen, difference);
  if (quick !== undefined) return quick;
  for (let attempt = 1; ; attempt++) {
    const scan = scanWith(look, now());
    if (scan !== undefined) return scan;
    if (attempt === ATTEMPTS) throw new ThrownProblem(MOVING);
  }
}

/** The upper directory as it was at one moment, in place of a look at it. */
export interface Taken {
  /** The file with the listing, and its text. */
  readonly file: string;
  listing(): string;
  /** As these programs would have ended. */
  dump(): Finished;
  mappings(): Finished;
  /** When the moment was over, in seconds since the epoch. */
  readonly until: number;
}

/** What is looked at. */
interface Look {
  readonly machine: RunningSystem;
  readonly merged: Merged;
  readonly saved: readonly SavedSnapshot[];
  readonly whole: boolean;
  readonly taken?: Taken;
}

/** Number of looks, if folders move while they are looked at. */
const ATTEMPTS = 20;
const MOVING: Problem = {
  code: 'files-changing',
  what: 'folders were moved whenever they were read',
  next: 'stop the program that moves them, and save again; nothing was saved',
};

/**
 * The same, with everything or with the `difference` from what is known alone. `undefined` if that is not
 * enough, since what moved and folders that hide what is below them are looked at as a whole; or if a folder
 * moved meanwhile.
 */
function scanWith(look: Look, seen: number, difference?: Difference): Scan | undefined {
  const { machine, merged, saved, taken } = look;
  const raw = scanUpper(machine, difference?.entries, taken);
  const moves = followMarks(raw.entries, raw, saved.length === 0);
  if (difference !== undefined && moves.folders.size > 0) return undefined;
  const moved = withMoved(raw, moves, machine, merged, taken);
  if (moved === undefined) return undefined;
  const above = [...moved.otherNames.keys()].flatMap(ancestorsOf);
  const paths = [...moved.entries.map(({ path }) => path), ...moves.origins.values(), ...above];
  const made = saved.length === 0 ? [] : madeLayers(machine, saved, difference);
  // What a snapshot has and the upper directory does not is gone, or shows from below.
  const here = new Set(paths);
  const snapshots = made.flatMap(({ entries }) => [...entries.keys()].filter((path) => !here.has(path)));
  const asked = [...new Set([...paths, ...snapshots, ...moved.whiteouts, ...RECORD_PATHS])];
  const first = lookUp(machine, merged.below, asked, [], merged.isMounted);
  // Of folders that hide what is below, the upper directory does not show what they have lost.
  const atFirst = new LowerView([first]);
  const whole = [...wholeFolders(moved, atFirst)].filter((path) => atFirst.at(path)?.type === 'd');
  if (difference !== undefined && whole.length > 0) return undefined;
  const lower = whole.length === 0 ? first : lookUp(machine, merged.below, asked, whole, merged.isMounted);
  const stack = whole.length === 0 ? atFirst : new LowerView([lower]);
  const below = made.length === 0 ? stack : new LowerView([...made, lower]);
  // Which files are as they are below does not depend on whether others are taken with their content.
  const asMade = withContent(moved, moves, below, { ...look, whole: false });
  const same = equalFiles(machine, merged, asMade, stack, below);
  const found = look.whole ? withContent(moved, moves, below, look) : asMade;
  const upper = { ...found, same };
  const devices = deviceNumbers(machine, merged.root, upper.entries.filter(isViewed), raw.devices);
  const known = difference === undefined ? {} : { difference };
  return { upper, devices, seen, mapped: raw.mapped, stack, merged, below, ...known };
}

/** The snapshots as layers, the highest first. */
function madeLayers(
  machine: RunningSystem,
  saved: readonly SavedSnapshot[],
  difference: Difference | undefined,
): LowerDirectory[] {
  if (difference !== undefined) return [knownLayer(difference.known, difference.before)];
  return saved.map((snapshot) => asLowerLayer(snapshot, readEntries(machine, snapshot))).reverse();
}

/** An upper directory as it is, marks included. */
interface RawUpper extends Marks, Pick<Upper, 'entries' | 'whiteouts' | 'attributes'> {
  readonly devices: Devices;
  readonly mapped: ReadonlySet<string>;
}

/** The upper directory: beside its listing, the programs run in parallel. */
function scanUpper(machine: RunningSystem, different?: readonly TreeEntry[], taken?: Taken): RawUpper {
  const listed =
    different ?? parseTree(taken?.listing() ?? stable(machine, ['find', ...findArguments(FRESH)]));
  // Not before: an attribute set in between would be missing, although the change time includes it; and what
  // was mapped may have changed since.
  const dump = different === undefined ? (taken?.dump ?? machine.start(DUMP, { cwd: FRESH })) : undefined;
  const mappings = taken?.mappings ?? machine.start(MAPPINGS);
  const all = listed.filter(
    // The mount point of the view: a base made by hand may lack the folder.
    ({ path }) =>
      !path.startsWith(OVERLAY.root) || (path !== OVERLAY.root && path[OVERLAY.root.length] !== '/'),
  );
  const devices = deviceNumbers(machine, FRESH, all);
  const found = sortAttributes(dumpUpper(machine, all, dump));
  const { entries, whiteouts } = partWhiteouts(all, devices);
  const mapped = mappedIn(machine, mappings(), entries);
  return { ...found, entries, whiteouts, devices, mapped };
}

/** The upper directory with all that moved folders contain. */
function withMoved(
  raw: RawUpper,
  { folders, origins }: Moves,
  machine: RunningSystem,
  { root }: Merged,
  taken?: Taken,
): Upper | undefined {
  const upper = {
    ...raw,
    moved: folders,
    origins,
    inPlace: new Set<string>(),
    same: new Set<string>(),
    unviewed: new Map(),
  };
  if (folders.size === 0) return { ...upper, carried: new Set(), otherNames: new Map() };
  const roots = [...folders.keys()];
  const inside = (path: string): boolean => folders.has(path) || isInside(path, folders);
  const own = new Set(raw.entries.map(({ path }) => path));
  // What was made since the moment is not of it. A file of an EROFS may have any time.
  const isOfMoment = ({ changed }: TreeEntry): boolean =>
    taken === undefined || Number(changed) < taken.until || Number(changed) > machine.now() / 1000;
  const all = find(machine, root, roots, 'everything').filter(isOfMoment);
  // One that moved on while it was read may lack content: its inode is the same before and after.
  const before = new Map(all.filter(({ path }) => folders.has(path)).map(({ path, ino }) => [path, ino]));
  const after = new Map(find(machine, root, roots, 'themselves').map(({ path, ino }) => [path, ino]));
  if (roots.some((path) => before.get(path) === undefined || before.get(path) !== after.get(path))) {
    return undefined;
  }
  const carried = all.filter(({ path }) => !own.has(path));
  const others = otherNamesOf(machine, root, carried).filter(({ path }) => !own.has(path));
  const found = carried.concat(others.map(({ entry }) => entry));
  const names = found.map(({ path }) => path);
  return {
    ...upper,
    entries: sortTree([...raw.entries, ...found.map(inView)]),
    whiteouts: new Set([...raw.whiteouts].filter((path) => !isInside(path, folders))),
    opaque: new Set([...raw.opaque].filter((path) => !inside(path))),
    attributes: new Map([
      ...raw.attributes,
      ...attributesInView(dumpOf(machine, root, names.filter(isReachable))),
    ]),
    carried: new Set(carried.map(({ path }) => path)),
    otherNames: new Map(
      others.map(({ path, of }) => [
        path,
        [...folders.keys()].find((one) => of.startsWith(`${one}/`)) as string,
      ]),
    ),
  };
}

/**
 * Other names in the view of these entries. Only if there are some, all of the view is searched for them: few
 * files have several names.
 */
function otherNamesOf(machine: RunningSystem, root: string, entries: readonly TreeEntry[]) {
  const known = new Set(entries.map(({ path }) => path));
  const names = new Map<string, TreeEntry[]>();
  for (const entry of entries) {
    if (entry.type === 'd' || entry.nlink === 1) continue;
    const key = inView(entry).ino;
    const same = names.get(key);
    if (same === undefined) names.set(key, [entry]);
    else same.push(entry);
  }
  const missing = [...names.values()].some((same) => same.length < (same[0]?.nlink ?? 0));
  if (!missing) return [];
  return find(machine, root, ['.'], 'linked').flatMap((entry) => {
    const of = known.has(entry.path) ? undefined : names.get(inView(entry).ino)?.[0];
    return of === undefined ? [] : [{ path: entry.path, entry, of: of.path }];
  });
}

/**
 * The upper directory with the files that have their content below: each has it at its own path, or is listed
 * as the view has it, where its content can be read.
 */
function withContent(
  upper: Upper,
  moves: Moves,
  below: LowerView,
  { machine, merged: { root }, whole }: Look,
): Upper {
  if (moves.inPlace.size === 0 && moves.elsewhere.size === 0) return upper;
  const inPlace = new Set(
    upper.entries
      .filter(({ path, nlink, size }) => {
        const alone =
          moves.inPlace.has(path) &&
          nlink === 1 &&
          size > 0 &&
          databaseOf(path) === undefined &&
          // Its content may be that of an identity, which is replaced.
          identityKind(path) === undefined &&
          isPlainName(path);
        return !whole && alone && below.hasRealContent(path);
      })
      .map(({ path }) => path),
  );
  const viewed = [...moves.inPlace, ...moves.elsewhere].filter((path) => !inPlace.has(path));
  const found = new Map(find(machine, root, viewed, 'themselves').map((entry) => [entry.path, entry]));
  const others = new Set(viewed);
  const unviewed = new Map<string, TreeEntry>();
  const entries = upper.entries.flatMap((entry) => {
    if (!others.has(entry.path)) return [entry];
    const there = found.get(entry.path);
    unviewed.set(entry.path, entry);
    return there === undefined ? [] : [inView(there)];
  });
  return { ...upper, entries, inPlace, unviewed };
}

/** Whether every program prints and opens the name as it is, also those of early boot. */
function isPlainName(path: string): boolean {
  return !/[\n\\\udc80-\udcff]/.test(path);
}

const DUMP = ['getfattr', ...DUMP_ARGUMENTS];

/** All attributes. Paths too long for the kernel to take at once are skipped, until they are to be saved. */
function dumpUpper(
  machine: RunningSystem,
  entries: readonly TreeEntry[],
  all: (() => Finished) | undefined,
): string {
  const paths = entries.map(({ path }) => path);
  const first = all?.();
  if (first !== undefined && paths.every(isReachable)) return stable(machine, DUMP, { cwd: FRESH }, first);
  return dumpOf(machine, FRESH, paths.filter(isReachable));
}

/** Whether the kernel takes the path at once. */
function isReachable(path: string): boolean {
  return path.length * LONGEST_CHARACTER < PATH_MAX - 2 || nameLength(path) < PATH_MAX - 2;
}

/** The kernel's limit for paths, with the NUL (limits.h); getfattr puts `./` before it. */
const PATH_MAX = 4096;
/** Most bytes per code unit of a name. */
const LONGEST_CHARACTER = 3;
