/**
 * Reads the state of the machine: the upper directory, what is below it, and what this boot has saved
 * already.
 */
import { DUMP_ARGUMENTS } from '../../../core/archive/attributes.js';
import { findArguments, parseTree, type TreeEntry } from '../../../core/archive/tree.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { OVERLAY } from '../../../core/contract.js';
import { type Upper, wholeFolders } from '../../../core/overlay/changes.js';
import { ancestorsOf, LowerView } from '../../../core/overlay/lower.js';
import { asLowerLayer, type SavedSnapshot } from '../../../core/overlay/snapshot.js';
import { RECORD_FILES } from '../../../core/records/records.js';
import { nameLength } from '../../../core/text/path.js';
import type { Finished, RunningSystem } from '../../system.js';
import {
  type Devices,
  deviceNumbers,
  dumpOf,
  lookUp,
  partWhiteouts,
  sortAttributes,
  stable,
} from '../directory.js';
import { FRESH, VIEW } from '../view.js';
import { MAPPINGS, mappedIn } from './mapped.js';

export interface Scan {
  readonly upper: Upper;
  readonly devices: Devices;
  /** The lower directories that are mounted. */
  readonly stack: LowerView;
  /** Their paths, the highest first. */
  readonly folders: readonly string[];
  /** The same with the snapshots of this boot. */
  readonly below: LowerView;
  /** When it began, in seconds since the epoch. */
  readonly seen: number;
  /** Inodes that programs could change through memory at that time. */
  readonly mapped: ReadonlySet<string>;
}

/**
 * Files that both base and layers write, which a layer records even if it contains none of them, and their
 * folders.
 */
const RECORD_PATHS = [...new Set(RECORD_FILES.flatMap((path) => [...ancestorsOf(path), path]))];

/**
 * Scans the machine. `saved`: snapshots of this boot that are on the medium, in the order in which they were
 * made.
 */
export function scanMachine(
  machine: RunningSystem,
  record: BootRecord,
  saved: readonly SavedSnapshot[],
): Scan {
  const seen = machine.now() / 1000;
  const { upper, devices, mapped } = scanUpper(machine);
  const layers = record.images.filter(({ kind }) => kind === 'layer').map(({ layer }) => layer as string);
  const folders = [
    ...layers.reverse().map((name) => `${VIEW}/${OVERLAY.layers}/${name}`),
    `${VIEW}/${OVERLAY.base}`,
  ];
  const paths = upper.entries.map(({ path }) => path);
  const asked = [...new Set([...paths, ...upper.whiteouts, ...RECORD_PATHS])];
  const first = folders.map((folder) => lookUp(machine, folder, asked));
  // Of folders that hide what is below, the upper directory does not show what they have lost.
  const stack = new LowerView(first);
  const whole = [...wholeFolders(upper, stack)].filter((path) => stack.at(path)?.type === 'd');
  const known = whole.length === 0;
  const lower = known ? first : folders.map((folder) => lookUp(machine, folder, asked, whole));
  const made = [...saved].reverse().map(asLowerLayer);
  const real = known ? stack : new LowerView(lower);
  const below = made.length === 0 ? real : new LowerView([...made, ...lower]);
  return { upper, devices, seen, mapped, stack: real, folders, below };
}

/** The upper directory: beside its listing, the programs run in parallel. */
function scanUpper(machine: RunningSystem): Pick<Scan, 'upper' | 'devices' | 'mapped'> {
  const find = ['find', ...findArguments(FRESH)];
  const listed = stable(machine, find);
  // Not before: an attribute set in between would be missing, although the change time includes it; and what
  // was mapped may have changed since.
  const [dump, mappings] = [machine.start(DUMP, { cwd: FRESH }), machine.start(MAPPINGS)];
  const all = parseTree(listed).filter(
    // The mount point of the view: a base made by hand may lack the folder.
    ({ path }) =>
      !path.startsWith(OVERLAY.root) || (path !== OVERLAY.root && path[OVERLAY.root.length] !== '/'),
  );
  const devices = deviceNumbers(machine, FRESH, all);
  const { attributes, opaque } = sortAttributes(dumpUpper(machine, all, dump()));
  const { entries, whiteouts } = partWhiteouts(all, devices);
  const mapped = mappedIn(machine, mappings(), entries);
  return { upper: { entries, whiteouts, opaque, attributes }, devices, mapped };
}

const DUMP = ['getfattr', ...DUMP_ARGUMENTS];

/** All attributes. Paths too long for the kernel to take at once are skipped, until they are to be saved. */
function dumpUpper(machine: RunningSystem, entries: readonly TreeEntry[], first: Finished): string {
  const reachable = ({ path }: TreeEntry): boolean =>
    path.length * LONGEST_CHARACTER < PATH_MAX - 2 || nameLength(path) < PATH_MAX - 2;
  if (entries.every(reachable)) return stable(machine, DUMP, { cwd: FRESH }, first);
  const paths = entries.filter(reachable).map(({ path }) => path);
  return dumpOf(machine, FRESH, paths);
}

/** The kernel's limit for paths, with the NUL (limits.h); getfattr puts `./` before it. */
const PATH_MAX = 4096;
/** Most bytes per code unit of a name. */
const LONGEST_CHARACTER = 3;
