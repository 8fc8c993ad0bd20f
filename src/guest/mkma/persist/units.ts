/** Packages and accounts among the changes, and which changes belong to them. */
import type { FileAttributes } from '../../../core/archive/attributes.js';
import { type Change, sameValues } from '../../../core/overlay/changes.js';
import { linkPaths } from '../../../core/records/alternatives.js';
import { databaseOf } from '../../../core/records/databases.js';
import { diffOf } from '../../../core/records/delta.js';
import { DIVERSIONS, INFO, STATUS } from '../../../core/records/packages.js';
import {
  type Contents,
  deltaSize,
  hasRest,
  kernelOf,
  type PackageFacts,
  type Unit,
  unitsOf,
} from '../../../core/records/units.js';
import { parentOf } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { digestsIn } from '../digests.js';
import { attributesInView, dumpOf, sortAttributes } from '../directory.js';
import type { Scan } from './scan.js';
import { wordsOfPackage } from './scripts.js';

export interface Units {
  readonly units: readonly Unit[];
  /** Files with several owners that have changed, by path. */
  readonly contents: ReadonlyMap<string, Contents>;
  /** By path of a change, the unit that it belongs to. */
  readonly members: ReadonlyMap<string, Unit>;
  /** Files of which nothing has changed but records of units. */
  readonly covered: ReadonlySet<string>;
}

/** `textBelow`: what is below a file with several owners, with the snapshots of this boot. */
export function findUnits(
  machine: RunningSystem,
  scan: Scan,
  changes: readonly Change[],
  textBelow: (path: string) => string | null,
): Units {
  const { root } = scan.merged;
  const contents = new Map<string, Contents>();
  for (const { path, entry, kind } of changes) {
    const database = databaseOf(path);
    if (database === undefined || (entry?.type ?? 'f') !== 'f' || kind === 'retyped') continue;
    const [before, now] = [
      textBelow(path) ?? '',
      entry === undefined ? '' : machine.readText(`${root}/${path}`),
    ];
    const [below, own] = [database.parse(before), database.parse(now ?? '')];
    const delta = diffOf(database, before, now ?? '');
    if (below !== undefined && own !== undefined && delta !== undefined)
      contents.set(path, { below, own, delta });
  }
  const units = contents.size === 0 ? [] : unitsOf(contents, factsOf(machine, root, textBelow));
  const attributes = attributesBelow(machine, scan, [...contents.keys()]);
  const covered = new Set(
    changes
      .filter((change) => {
        const content = contents.get(change.path);
        if (content === undefined || hasRest(change.path, content.delta, units)) return false;
        return (
          isAlike(scan, change, attributes) || (change.kind !== 'changed' && deltaSize(content.delta) > 0)
        );
      })
      .map(({ path }) => path),
  );
  const edited = editedConffiles(machine, root, units, contents.get(STATUS));
  return { units, contents, members: membersOf(changes, units, contents, edited), covered };
}

function factsOf(
  machine: RunningSystem,
  root: string,
  textBelow: (path: string) => string | null,
): PackageFacts {
  const filesOf = (name: string): string[] => {
    const path = `${INFO}/${name}.list`;
    const lists = [machine.readText(`${root}/${path}`), textBelow(path)];
    return lists.flatMap((text) =>
      (text ?? '').split('\n').filter((file) => file.startsWith('/') && file !== '/.'),
    );
  };
  const words = new Map<string, ReadonlySet<string>>();
  const mentions = (name: string, account: string): boolean => {
    const known = words.get(name) ?? wordsOfPackage(machine, root, name, filesOf(name));
    words.set(name, known);
    return known.has(account);
  };
  return { filesOf, mentions };
}

function attributesBelow(machine: RunningSystem, { merged }: Scan, paths: readonly string[]) {
  const dump = dumpOf(machine, merged.below, paths);
  return merged.isMounted ? attributesInView(dump) : sortAttributes(dump).attributes;
}

/** Whether the file was there, with the same owner, mode and attributes. */
function isAlike(
  { below, upper }: Scan,
  { path, entry, kind }: Change,
  attributes: ReadonlyMap<string, FileAttributes['values']>,
): boolean {
  const before = below.at(path);
  if (kind !== 'changed' || before === undefined || entry === undefined) return false;
  const same = before.mode === entry.mode && before.uid === entry.uid && before.gid === entry.gid;
  return same && sameValues(upper.attributes.get(path) ?? {}, attributes.get(path) ?? {});
}

/** Configuration files of packages with another content than the package's: somebody has edited them. */
function editedConffiles(
  machine: RunningSystem,
  root: string,
  units: readonly Unit[],
  status: Contents | undefined,
): Set<string> {
  const sums = new Map<string, string>();
  for (const { kind, name } of units) {
    const record = kind === 'package' ? (status?.own.get(name) ?? '') : '';
    for (const [, path = '', sum = ''] of record.matchAll(/^ \/(.*) ([0-9a-f]{32})$/gm)) sums.set(path, sum);
  }
  const found = digestsIn(machine, root, [...sums.keys()], 'md5sum');
  return new Set([...found].filter(([path, sum]) => sum !== sums.get(path)).map(([path]) => path));
}

function membersOf(
  changes: readonly Change[],
  units: readonly Unit[],
  contents: Units['contents'],
  edited: ReadonlySet<string>,
): Map<string, Unit> {
  const members = new Map<string, Unit>();
  const packages = units.filter(({ kind }) => kind === 'package');
  if (packages.length === 0) return members;
  const owners = new Map<string, Unit>();
  const own = (path: string, unit: Unit): void => {
    if (!owners.has(path)) owners.set(path, unit);
  };
  const names = new Map(packages.map((unit) => [unit.name, unit]));
  for (const unit of packages) {
    for (const file of unit.files) own(file.slice(1), unit);
    for (const path of unit.keys.keys()) {
      const content = contents.get(path);
      if (path === DIVERSIONS)
        for (const file of divertedFiles(content, unit.keys.get(path))) own(file, unit);
      for (const link of content === undefined ? [] : linkPaths(path, content.own, content.below))
        own(link, unit);
    }
  }
  const kernels = packages.flatMap((unit) => {
    const release = kernelOf(unit);
    return release === undefined ? [] : [{ unit, release }];
  });
  for (const { path, entry, before, kind } of changes) {
    // A folder that was there has more owners than one; what is another kind of file now was made by hand.
    if (kind === 'retyped' || (before === 'd' && kind !== 'deleted') || edited.has(path)) continue;
    const unit =
      owners.get(path) ??
      names.get(infoName(path) ?? '') ??
      owners.get(sourceOf(path) ?? '') ??
      (entry?.type === 'l' || entry === undefined ? owners.get(unitFile(owners, path) ?? '') : undefined) ??
      helperOf(owners, path) ??
      kernels.find(({ release }) => isOfKernel(path, release))?.unit;
    if (unit !== undefined && !contents.has(path)) members.set(path, unit);
  }
  return members;
}

/** Where other packages' files lie, because of a package. */
function divertedFiles(content: Contents | undefined, keys: ReadonlySet<string> = new Set()): string[] {
  return [...keys].flatMap((key) =>
    [content?.own.get(key), content?.below.get(key)].flatMap(
      (record) => record?.split('\n')[1]?.slice(1) ?? [],
    ),
  );
}

/** The package that a file of dpkg's own is about: it is named `NAME.list` and so on. */
function infoName(path: string): string | undefined {
  if (!path.startsWith(`${INFO}/`)) return undefined;
  return path.slice(INFO.length + 1, path.lastIndexOf('.'));
}

/** What scripts of a kernel's package make: its initramfs, the indexes of its modules. */
function isOfKernel(path: string, release: string): boolean {
  return (
    (path.startsWith('boot/') && path.endsWith(`-${release}`)) ||
    `${path}/`.startsWith(`usr/lib/modules/${release}/`)
  );
}

/** The source of Python's byte code, which packages' scripts make. */
function sourceOf(path: string): string | undefined {
  const match = /^(.*)\/__pycache__(?:\/([^/]+)\.[^/.]+\.pyc)?$/.exec(path);
  if (match === null) return undefined;
  return match[2] === undefined ? match[1] : `${match[1]}/${match[2]}.py`;
}

/** The unit that a link of systemctl(1) enables, in the folder that units of packages are in. */
function unitFile(owners: ReadonlyMap<string, Unit>, path: string): string | undefined {
  const match = /^etc\/systemd\/(system|user)\/(?:.*\/)?([^/]+)$/.exec(path);
  const file = match === null ? undefined : `usr/lib/systemd/${match[1]}/${match[2]}`;
  return file !== undefined && owners.has(file) ? file : undefined;
}

/** What deb-systemd-helper(1p) remembers of units that it has enabled. */
function helperOf(owners: ReadonlyMap<string, Unit>, path: string): Unit | undefined {
  if (!parentOf(path).startsWith('var/lib/systemd/deb-systemd-')) return undefined;
  const name = (path.split('/').at(-1) ?? '').replace(/\.dsh-also$/, '');
  return owners.get(`usr/lib/systemd/system/${name}`) ?? owners.get(`usr/lib/systemd/user/${name}`);
}
