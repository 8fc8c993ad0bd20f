/** Files of packages that somebody changed by hand. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import type { Change } from '../../../core/overlay/changes.js';
import { INFO } from '../../../core/records/packages.js';
import type { Unit } from '../../../core/records/units.js';
import { encodeName } from '../../../core/text/path.js';
import { ask } from '../../ran.js';
import type { RunningSystem } from '../../system.js';
import { digestsIn } from '../digests.js';
import type { Scan } from './scan.js';
import type { Units } from './units.js';

/** Where no package has files. */
const ELSEWHERE = /^(home|root|srv|mnt|media|usr\/local)(\/|$)/;

/**
 * Packages, by the path of a change to a file that one of them has and that is no configuration file of it.
 * All lists of files are searched by one program.
 */
export function packagesChanged(
  machine: RunningSystem,
  root: string,
  changes: readonly Change[],
): Map<string, string> {
  const candidates = changes.filter(
    ({ kind, path, entry, before, partOf }) =>
      kind !== 'new' &&
      kind !== 'moved' &&
      partOf === undefined &&
      (before ?? entry?.type) !== 'd' &&
      !ELSEWHERE.test(path) &&
      !path.includes('\n'),
  );
  const found = new Map<string, string>();
  const folder = `${root}/${INFO}`;
  if (candidates.length === 0 || machine.info(folder) === undefined) return found;
  const input = encodeName(candidates.map(({ path }) => `/${path}\n`).join(''));
  const argv = ['grep', '-rxF', '--binary-files=text', '--include=*.list', '--file=-', '.'];
  const conffiles = new Map<string, ReadonlySet<string>>();
  // 1: none has any; 2: dpkg has removed a list meanwhile.
  for (const line of ask(machine, argv, [1, 2], { cwd: folder, input }).stdout.split('\n')) {
    const match = /^\.\/(.+?)\.list:\/(.+)$/.exec(line);
    if (match === null) continue;
    const [, name = '', path = ''] = match;
    let own = conffiles.get(name);
    if (own === undefined) {
      own = new Set((machine.readText(`${folder}/${name}.conffiles`) ?? '').split('\n'));
      conffiles.set(name, own);
    }
    if (!own.has(`/${path}`)) found.set(path, name);
  }
  return found;
}

/**
 * Files of packages of the list that are not as in the package, by package. Only those are read that changed
 * after dpkg had written the package's list, as it does once its files are there: none, usually.
 */
export function changedInUnits(
  machine: RunningSystem,
  { upper, merged: { root } }: Pick<Scan, 'upper' | 'merged'>,
  { units, members }: Pick<Units, 'units' | 'members'>,
): Map<Unit, readonly string[]> {
  const found = new Map<Unit, readonly string[]>();
  const installed = new Set(units.filter(({ kind, removed }) => kind === 'package' && !removed));
  if (installed.size === 0) return found;
  const lists = new Map([...installed].map((unit) => [`${INFO}/${unit.name}.list`, unit]));
  const unpacked = new Map<Unit, string>();
  for (const { path, changed } of upper.entries) {
    const unit = lists.get(path);
    if (unit !== undefined) unpacked.set(unit, changed);
  }
  const later = new Map<Unit, string[]>();
  for (const { path, type, changed } of upper.entries as readonly TreeEntry[]) {
    const unit = members.get(path);
    const since = unit === undefined ? undefined : unpacked.get(unit);
    if (unit === undefined || since === undefined || type !== 'f' || !isLater(changed, since)) continue;
    if (path.startsWith(`${INFO}/`)) continue;
    later.set(unit, [...(later.get(unit) ?? []), path]);
  }
  const digests = digestsIn(machine, root, [...later.values()].flat(), 'md5sum');
  for (const [unit, paths] of later) {
    const text = machine.readText(`${root}/${INFO}/${unit.name}.md5sums`) ?? '';
    const sums = new Map(text.split('\n').map((line) => [line.slice(34), line.slice(0, 32)]));
    const differing = paths.filter((path) => sums.has(path) && digests.get(path) !== sums.get(path));
    if (differing.length > 0) found.set(unit, differing);
  }
  return found;
}

/** Whether one time is later than another, as find prints them: seconds with their fraction. */
function isLater(time: string, than: string): boolean {
  const [[a = '', b = ''], [c = '', d = '']] = [time.split('.'), than.split('.')] as [string[], string[]];
  return Number(a) > Number(c) || (a === c && b > d);
}
