/** What is on the machine, as data: the upper directory, what lies below it, and what this boot has saved already. */
import {
  DUMP_ARGUMENTS,
  type FileAttributes,
  isOfLayer,
  parseAttributes,
  withoutOpaqueMark,
} from '../../../core/attributes.js';
import type { BootRecord } from '../../../core/boot.js';
import { type Upper, wholeFolders } from '../../../core/changes.js';
import { OVERLAY } from '../../../core/contract.js';
import { type LowerLayer, LowerView, parentOf } from '../../../core/lower.js';
import { nameLength } from '../../../core/path.js';
import { asLowerLayer, type SavedSnapshot } from '../../../core/snapshot.js';
import { findArguments, findThese, parseThese, parseTree, type TreeEntry } from '../../../core/tree.js';
import type { RunningMachine, RunOptions } from '../../machine.js';

export const VIEW = `/${OVERLAY.root}`;
export const FRESH = `${VIEW}/${OVERLAY.fresh}`;

/** Major and minor numbers of device nodes, by path. */
type Devices = Map<string, { readonly major: number; readonly minor: number }>;

export interface Scan {
  readonly upper: Upper;
  readonly devices: Devices;
  /** The lower directories that are mounted. */
  readonly stack: LowerView;
  /** The same with the snapshots of this boot. */
  readonly below: LowerView;
  /** When it was begun, in seconds since the epoch. */
  readonly seen: number;
}

/** Look at the machine. `saved`: snapshots of this boot that are on the medium, in the order in which they were made. */
export function scanMachine(
  machine: RunningMachine,
  record: BootRecord,
  saved: readonly SavedSnapshot[],
): Scan {
  const seen = machine.now() / 1000;
  const { upper, devices } = scanUpper(machine);
  const layers = record.images.filter(({ kind }) => kind === 'layer').map(({ layer }) => layer as string);
  const folders = [
    ...layers.reverse().map((name) => `${VIEW}/${OVERLAY.layers}/${name}`),
    `${VIEW}/${OVERLAY.base}`,
  ];
  const paths = upper.entries.map(({ path }) => path);
  const asked = [...paths, ...upper.whiteouts];
  const first = folders.map((folder) => lookUp(machine, folder, asked));
  // Folders that are whole above: what they have lost, nothing above tells.
  const stack = new LowerView(first);
  const whole = [...wholeFolders(upper, stack)].filter((path) => stack.at(path)?.type === 'd');
  const lower = whole.length === 0 ? first : folders.map((folder) => lookUp(machine, folder, asked, whole));
  const made = [...saved].reverse().map(asLowerLayer);
  return { upper, devices, seen, stack: new LowerView(lower), below: new LowerView([...made, ...lower]) };
}

function scanUpper(machine: RunningMachine): { upper: Upper; devices: Devices } {
  const all = parseTree(stable(machine, ['find', ...findArguments(FRESH)])).filter(
    // Where the view itself is mounted: a base made by hand may lack the folder.
    ({ path }) => path !== OVERLAY.root && !path.startsWith(`${OVERLAY.root}/`),
  );
  const devices = deviceNumbers(machine, FRESH, all);
  const { attributes, opaque } = sortAttributes(dumpUpper(machine, all));
  const { entries, whiteouts } = partWhiteouts(all, devices);
  return { upper: { entries, whiteouts, opaque, attributes }, devices };
}

/** All attributes. Paths that the kernel takes only piece by piece are left to whoever is asked to save them. */
function dumpUpper(machine: RunningMachine, entries: readonly TreeEntry[]): string {
  const reachable = entries.map(({ path }) => path).filter((path) => nameLength(path) < PATH_MAX - 2);
  return reachable.length === entries.length
    ? stable(machine, ['getfattr', ...DUMP_ARGUMENTS], { cwd: FRESH })
    : dumpOf(machine, FRESH, reachable);
}

/** Longest path that the kernel takes, with its NUL (limits.h); getfattr puts `./` before it. */
const PATH_MAX = 4096;

/** Attributes of these paths alone. */
function dumpOf(machine: RunningMachine, folder: string, paths: readonly string[]): string {
  if (paths.length === 0) return '';
  const options = DUMP_ARGUMENTS.filter((word) => word.startsWith('--') && word !== '--recursive');
  const argv = ['xargs', '--null', 'getfattr', ...options, '--'];
  return stable(machine, argv, { cwd: folder, input: nullEnded(paths) });
}

/** A lower directory at these paths, and at all that is in `folders`. */
export function lookUp(
  machine: RunningMachine,
  folder: string,
  paths: readonly string[],
  folders: readonly string[] = [],
): LowerLayer {
  // Folders first: of what is not there, nothing below is asked for.
  const above = new Set(paths.map(parentOf));
  const first = find(
    machine,
    folder,
    ['.', ...paths.filter((path) => path !== '.' && above.has(path))],
    false,
  );
  const there = new Set(first.filter(({ type }) => type === 'd').map(({ path }) => path));
  const others = paths.filter((path) => path !== '.' && !above.has(path) && there.has(parentOf(path)));
  const rest = others.length === 0 ? [] : find(machine, folder, others, false);
  const inside = folders.length === 0 ? [] : find(machine, folder, folders, true);
  // By concat: the engine takes only so many arguments in one call.
  const found = first.concat(rest, inside);
  const devices = deviceNumbers(machine, folder, found);
  const { entries, whiteouts } = partWhiteouts(found, devices);
  const names = entries.filter(({ type }) => type === 'd').map(({ path }) => path);
  const { attributes, opaque } = sortAttributes(dumpOf(machine, folder, names));
  return {
    entries: new Map(entries.map((entry) => [entry.path, entry])),
    whiteouts,
    opaque,
    attributes,
  };
}

/** What is there of these paths: find complains of each that is not, which is no failure. */
function find(
  machine: RunningMachine,
  folder: string,
  paths: readonly string[],
  children: boolean,
): TreeEntry[] {
  const input = nullEnded(paths);
  const { code, stdout, stderr } = machine.run(['find', ...findThese(children)], { cwd: folder, input });
  const bad = stderr
    .split('\n')
    .find((line) => line !== '' && !/: ((No such file or|Not a) directory|File name too long)$/.test(line));
  if (bad !== undefined) throw new Error(`find failed in ${folder}: ${bad}`);
  // Where /tmp is full, not even its words get through.
  if (code !== 0 && stderr === '')
    throw new Error(`find failed in ${folder} without a word: is there room in /tmp?`);
  return parseThese(stdout);
}

/** Paths as programs read them: none looks like an option. */
export function nullEnded(paths: readonly string[]): string {
  return paths.map((path) => `./${path}\0`).join('');
}

/** Output of a program that walks a living tree: once more where something went away under its feet. */
function stable(machine: RunningMachine, argv: readonly string[], options: RunOptions = {}): string {
  let ended = machine.run(argv, options);
  for (let i = 0; i < 3 && ended.code !== 0; i++) ended = machine.run(argv, options);
  if (ended.code !== 0) throw new Error(`${argv[0]} failed: ${ended.stderr}`);
  return ended.stdout;
}

function deviceNumbers(machine: RunningMachine, folder: string, entries: readonly TreeEntry[]): Devices {
  const nodes = entries.filter(({ type }) => type === 'b' || type === 'c').map(({ path }) => path);
  if (nodes.length === 0) return new Map();
  const stat = ['xargs', '--null', 'stat', '--format=%Hr %Lr', '--'];
  const ended = machine.run(stat, { cwd: folder, input: nullEnded(nodes) });
  const lines = ended.stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== nodes.length)
    throw new Error(`stat of ${nodes.length} device nodes failed: ${ended.stderr}`);
  return new Map(
    lines.map((line, i) => {
      const [major, minor] = line.split(' ').map(Number) as [number, number];
      return [nodes[i] as string, { major, minor }];
    }),
  );
}

/** Whiteouts are character devices 0:0. */
function partWhiteouts(all: readonly TreeEntry[], devices: Devices) {
  const whiteouts = new Set<string>();
  const entries = all.filter(({ path, type }) => {
    const device = type === 'c' ? devices.get(path) : undefined;
    if (device?.major !== 0 || device.minor !== 0) return true;
    whiteouts.add(path);
    return false;
  });
  return { entries, whiteouts };
}

/** Attributes that belong to files, and the folders that an overlay's mark makes opaque. */
function sortAttributes(dump: string) {
  const opaque = new Set<string>();
  const attributes = new Map<string, FileAttributes['values']>();
  for (const { path, values } of parseAttributes(dump, isOfLayer)) {
    const found = withoutOpaqueMark(values);
    if (found.opaque) opaque.add(path);
    if (Object.keys(found.values).length > 0) attributes.set(path, found.values);
  }
  return { opaque, attributes };
}
