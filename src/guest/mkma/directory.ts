/** A directory that an overlay consists of, as read by programs: its entries, whiteouts, and attributes. */
import {
  DUMP_ARGUMENTS,
  type FileAttributes,
  isCarried,
  isOfLayer,
  nameInLayer,
  parseAttributes,
  withoutOpaqueMark,
} from '../../core/archive/attributes.js';
import { type FindDepth, findThese, parseThese, type TreeEntry } from '../../core/archive/tree.js';
import type { LowerDirectory } from '../../core/overlay/lower.js';
import { isMovingMark, withoutMovingMarks } from '../../core/overlay/marks.js';
import { parentOf } from '../../core/text/path.js';
import { NoRoom } from '../no-room.js';
import { ProgramFailed } from '../ran.js';
import type { Finished, GuestSystem, RunOptions } from '../system.js';

/** Major and minor numbers of device nodes, by path. */
export type Devices = Map<string, { readonly major: number; readonly minor: number }>;

/** Attributes of these paths. Some may be gone by now. */
export function dumpOf(machine: GuestSystem, folder: string, paths: readonly string[]): string {
  if (paths.length === 0) return '';
  const options = DUMP_ARGUMENTS.filter((word) => word.startsWith('--') && word !== '--recursive');
  const argv = ['xargs', '--null', 'getfattr', ...options, '--'];
  const ended = machine.run(argv, { cwd: folder, input: nullEnded(paths) });
  const gone = /^(getfattr: [\s\S]*: No such file or directory\n?)+$/;
  const complained = ended.code === SOME_FAILED && gone.test(ended.stderr);
  return complained ? ended.stdout : checked(argv, ended).stdout;
}

/** xargs(1): a program that it ran failed. */
const SOME_FAILED = 123;

/**
 * Output of a program that walks a live tree: run again if something disappeared meanwhile. `first`: the
 * result if it ran before.
 */
export function stable(
  machine: GuestSystem,
  argv: readonly string[],
  options: RunOptions = {},
  first: Finished = machine.run(argv, options),
): string {
  let ended = first;
  for (let i = 0; i < 3 && ended.code !== 0; i++) ended = machine.run(argv, options);
  return checked(argv, ended).stdout;
}

/**
 * A lower directory at these paths, and at all that is in `folders`. `isMounted`: it is a mounted overlay of
 * several.
 */
export function lookUp(
  machine: GuestSystem,
  folder: string,
  paths: readonly string[],
  folders: readonly string[] = [],
  isMounted = false,
): LowerDirectory {
  // Folders first: below a missing one, nothing is looked up.
  const above = new Set(paths.map(parentOf));
  const first = find(
    machine,
    folder,
    ['.', ...paths.filter((path) => path !== '.' && above.has(path))],
    'themselves',
  );
  const there = new Set(first.filter(({ type }) => type === 'd').map(({ path }) => path));
  const others = paths.filter((path) => path !== '.' && !above.has(path) && there.has(parentOf(path)));
  const rest = others.length === 0 ? [] : find(machine, folder, others, 'themselves');
  const inside = folders.length === 0 ? [] : find(machine, folder, folders, 'children');
  // By concat: the engine limits the number of arguments of a call.
  const found = first.concat(rest, inside);
  const devices = deviceNumbers(machine, folder, found);
  const { entries, whiteouts } = partWhiteouts(found, devices);
  const names = entries.filter(({ type }) => type === 'd').map(({ path }) => path);
  const dump = dumpOf(machine, folder, names);
  const { attributes, opaque } = isMounted
    ? { attributes: attributesInView(dump), opaque: new Set<string>() }
    : sortAttributes(dump);
  return {
    entries: new Map(entries.map((entry) => [entry.path, entry])),
    whiteouts,
    opaque,
    attributes,
  };
}

/** The existing ones of these paths: find complains about the others, which is not a failure. */
export function find(
  machine: GuestSystem,
  folder: string,
  paths: readonly string[],
  depth: FindDepth,
): TreeEntry[] {
  const input = nullEnded(paths);
  const argv = ['find', ...findThese(depth)];
  const ended = machine.run(argv, { cwd: folder, input });
  const { stdout, stderr } = ended.code === COMPLAINED && ended.stderr !== '' ? ended : checked(argv, ended);
  const bad = stderr
    .split('\n')
    .find((line) => line !== '' && !/: ((No such file or|Not a) directory|File name too long)$/.test(line));
  if (bad !== undefined) throw new Error(`find failed in ${folder}: ${bad}`);
  return parseThese(stdout);
}

/** find(1): it complained about something. */
const COMPLAINED = 1;

/**
 * Whether a program succeeded; if its standard error could still be written, it shows that there is no room
 * for the rest.
 */
function checked(argv: readonly string[], ended: Finished): Finished {
  if (ended.code === 0) return ended;
  if (/No space left on device/.test(ended.stderr)) throw new NoRoom('/tmp');
  throw new ProgramFailed(argv, ended);
}

/** Paths as programs read them: none looks like an option. */
export function nullEnded(paths: readonly string[]): string {
  return paths.map((path) => (path === '.' ? '.\0' : `./${path}\0`)).join('');
}

/** Numbers of the device nodes among the entries, and the `known` ones. */
export function deviceNumbers(
  machine: GuestSystem,
  folder: string,
  entries: readonly TreeEntry[],
  known: Devices = new Map(),
): Devices {
  const nodes = entries.filter(({ type }) => type === 'b' || type === 'c').map(({ path }) => path);
  if (nodes.length === 0) return known;
  const stat = ['xargs', '--null', 'stat', '--format=%Hr %Lr', '--'];
  const ended = machine.run(stat, { cwd: folder, input: nullEnded(nodes) });
  const lines = ended.stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== nodes.length)
    throw new Error(`stat of ${nodes.length} device nodes failed: ${ended.stderr}`);
  return new Map([
    ...known,
    ...lines.map((line, i) => {
      const [major, minor] = line.split(' ').map(Number) as [number, number];
      return [nodes[i] as string, { major, minor }] as const;
    }),
  ]);
}

/** Whiteouts are character devices 0:0. */
export function partWhiteouts(all: readonly TreeEntry[], devices: Devices) {
  const whiteouts = new Set<string>();
  const entries = all.filter(({ path, type }) => {
    const device = type === 'c' ? devices.get(path) : undefined;
    if (device?.major !== 0 || device.minor !== 0) return true;
    whiteouts.add(path);
    return false;
  });
  return { entries, whiteouts };
}

/** Attributes that belong to files, and the marks of an overlay among them. */
export function sortAttributes(dump: string) {
  const opaque = new Set<string>();
  const redirects = new Map<string, string>();
  const metacopies = new Set<string>();
  const attributes = new Map<string, FileAttributes['values']>();
  for (const { path, values } of parseAttributes(dump, (name) => isOfLayer(name) || isMovingMark(name))) {
    const found = withoutOpaqueMark(values);
    const { values: own, redirect, metacopy } = withoutMovingMarks(found.values);
    if (found.opaque) opaque.add(path);
    if (redirect !== undefined) redirects.set(path, redirect);
    if (metacopy) metacopies.add(path);
    if (Object.keys(own).length > 0) attributes.set(path, own);
  }
  return { opaque, redirects, metacopies, attributes };
}

/** Attributes of files in a mounted overlay. */
export function attributesInView(dump: string): Map<string, FileAttributes['values']> {
  const wanted = (name: string): boolean => isCarried(nameInLayer(name));
  return new Map(
    parseAttributes(dump, wanted).map(({ path, values }) => [
      path,
      Object.fromEntries(Object.entries(values).map(([name, value]) => [nameInLayer(name), value])),
    ]),
  );
}
