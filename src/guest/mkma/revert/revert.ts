/** `mkma revert`: what was saved last comes back at paths, or of packages, while the machine runs. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { parseBlamePath } from '../../../core/layers/blame.js';
import type { MergedEntry, MergedTree } from '../../../core/layers/merge/tree.js';
import { mergeTrees } from '../../../core/layers/merge/tree.js';
import { showPath } from '../../../core/overlay/change-list.js';
import { type Change, findChanges } from '../../../core/overlay/changes.js';
import { changesAt, goneAbove, revertOf } from '../../../core/overlay/revert.js';
import type { Unit } from '../../../core/records/units.js';
import { err, ok, type Problem, type Result, usage } from '../../../core/result.js';
import { ancestorsOf, encodeName, isBelow, isWithin } from '../../../core/text/path.js';
import { must, mustMakeFolder } from '../../must.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import type { ContentSource } from '../layers/merge/feed.js';
import type { Source } from '../layers/merge/sources.js';
import { type Merged, rootOf, withMerged } from '../merged.js';
import { contentOf } from '../persist/chosen.js';
import { unlessInterrupted } from '../persist/interrupted.js';
import { textsBelow } from '../persist/records.js';
import { readSaved } from '../persist/saved.js';
import { type Scan, scanMachine } from '../persist/scan.js';
import { findUnits, type Units } from '../persist/units.js';
import { lowerSource } from './lower.js';
import { openFiles } from './open-files.js';
import type { Plan } from './plan.js';
import { restore } from './restore.js';
import { rememberAsSaved, withSnapshots } from './snapshots.js';

/** The result, and in a dry run what it would be. All paths are relative to the root. */
export interface Reverted {
  readonly removed: readonly string[];
  readonly restored: readonly string[];
  readonly packages: readonly string[];
  readonly warnings: readonly string[];
}

/** Where the machine's root can be written without what is mounted in it. */
const LIVE = '/run/mkma/live';

/** Reverts what the words name: paths, or packages and accounts. The caller holds the lock. */
export function revert(
  machine: RunningSystem,
  record: BootRecord,
  words: readonly string[],
  dryRun: boolean,
): Result<Reverted> {
  machine.growLarge();
  return withMerged(machine, record, (merged) => {
    const saved = readSaved(machine);
    const scan = scanMachine(machine, merged, saved, false);
    const changes = findChanges(scan.upper, scan.stack, scan.below);
    const units = findUnits(machine, scan, changes, textsBelow(machine, scan, saved));
    const chosen = choose(machine, { scan, changes, units }, words);
    if (!chosen.ok) return chosen;
    const plan = withOtherNames(machine, scan, changes, chosen.value.plan);
    const covered = mountedOver(machine, merged, plan);
    if (covered !== undefined) return err(covered);
    return withSnapshots(machine, record, saved, plan, (snapshots) => {
      const wanted = wantedTree(machine, merged, plan, snapshots, chosen.value.made);
      const told = answerOf(wanted.tree, plan, chosen.value, openFiles(machine, merged, plan));
      if (dryRun) return ok(told);
      const live = rootOf(machine);
      mustMakeFolder(machine, LIVE, 0o700);
      must(machine, ['mount', '--bind', '--make-private', live, LIVE]);
      machine.outliveInterrupts();
      try {
        const remove = [...plan.remove, ...plan.replace];
        const done = unlessInterrupted(
          machine,
          () => restore(machine, LIVE, { ...wanted, remove }),
          'run mkma revert again: what is reverted already is not listed any more',
        );
        if (!done.ok) return done;
        rememberAsSaved(machine, saved, told.restored);
        return ok(told);
      } finally {
        machine.run(['umount', '--lazy', LIVE]);
      }
    });
  });
}

/** Entries that are neither those of the machine nor those of below: files with several owners, and links. */
interface Made {
  readonly entries: readonly TreeEntry[];
  readonly texts: ReadonlyMap<string, string>;
}

interface Found {
  readonly scan: Scan;
  readonly changes: readonly Change[];
  readonly units: Units;
}

interface ToRevert {
  readonly plan: Plan;
  readonly made: Made;
  readonly packages: readonly Unit[];
  readonly notes: readonly string[];
}

function choose(machine: RunningSystem, found: Found, words: readonly string[]): Result<ToRevert> {
  const paths: string[] = [];
  const packages: Unit[] = [];
  for (const word of words) {
    const unit = unitOf(found.units, word);
    if (unit !== undefined) {
      packages.push(unit);
      continue;
    }
    if (!word.includes('/')) return unknownPackage(found.units, word);
    const path = parseBlamePath(absolute(machine, word));
    if (!path.ok) return path;
    paths.push(path.value);
  }
  const ofPaths = atPaths(machine, found, paths);
  if (!ofPaths.ok) return ofPaths;
  const ofPackages = packages.length === 0 ? ok(NOTHING) : ofUnits(machine, found, packages);
  if (!ofPackages.ok) return ofPackages;
  const [a, b] = [ofPaths.value.plan, ofPackages.value.plan];
  const both = (key: keyof Plan): string[] => [...new Set([...a[key], ...b[key]])];
  const plan = {
    remove: both('remove'),
    replace: both('replace'),
    restore: both('restore'),
    whole: both('whole'),
  };
  const gone = new Set(plan.remove);
  return ok({
    plan: withFoldersAbove(machine, found.scan, plan),
    made: {
      entries: ofPackages.value.made.entries.filter(({ path }) => !gone.has(path)),
      texts: ofPackages.value.made.texts,
    },
    packages,
    notes: ofPaths.value.notes,
  });
}

const NOTHING = {
  plan: { remove: [], replace: [], restore: [], whole: [] } as Plan,
  made: { entries: [], texts: new Map() } as Made,
};

function unitOf({ units }: Units, word: string): Unit | undefined {
  const [, kind, name] = /^(package|account):(.*)$/.exec(word) ?? [];
  return units.find((unit) =>
    kind === undefined
      ? unit.kind === 'package' && unit.name === word
      : unit.kind === kind && unit.name === name,
  );
}

function unknownPackage({ units }: Units, word: string): Result<never> {
  const names = units.filter(({ kind }) => kind === 'package').map(({ name }) => name);
  return usage({
    code: 'nothing-to-revert',
    what: 'no such package among the changes',
    where: word,
    why: names.length === 0 ? 'no package has changed since it was saved' : `those are: ${names.join(', ')}`,
    next: `name one of them, or a path, which has a slash: ./${word}`,
  });
}

function absolute(machine: RunningSystem, word: string): string {
  return word.startsWith('/') ? word : `${machine.readlink('/proc/self/cwd') ?? ''}/${word}`;
}

function atPaths(
  machine: RunningSystem,
  { scan, changes }: Found,
  paths: readonly string[],
): Result<{ readonly plan: Plan; readonly notes: readonly string[] }> {
  const chosen = new Set<Change>();
  const whole: string[] = [];
  const restored: string[] = [];
  for (const path of paths) {
    const own = changesAt(changes, [path]);
    for (const change of own) chosen.add(change);
    if (own.length > 0) continue;
    const above = goneAbove(changes, path);
    if (above !== undefined && above.entry !== undefined) return err(inTheWay(path, above));
    // In a folder that is gone: of that, this alone comes back.
    const there = above === undefined ? undefined : lookBelow(machine, scan.merged, path);
    if (there === undefined) return nothingAt(path);
    if (there.type === 'd') whole.push(path);
    restored.push(path);
  }
  const plan = revertOf([...chosen], (path) => scan.below.at(path));
  const notes = [...chosen].flatMap(({ kind, path, from }) =>
    kind === 'moved' && from !== undefined && !paths.some((one) => isWithin(from, one))
      ? [`${showPath(path)} was moved from ${showPath(from)}, which comes back only if it is named as well`]
      : [],
  );
  return ok({
    plan: { ...plan, restore: [...plan.restore, ...restored], whole: [...plan.whole, ...whole] },
    notes,
  });
}

function lookBelow(machine: RunningSystem, { below }: Merged, path: string): TreeEntry | undefined {
  return find(machine, below, [path], 'themselves')[0];
}

function nothingAt(path: string): Result<never> {
  return usage({
    code: 'nothing-to-revert',
    what: 'nothing has changed there since it was saved',
    where: showPath(path),
    next: 'mkma persist --dry-run --all lists changes',
  });
}

function inTheWay(path: string, { path: other }: Change): Problem {
  return {
    code: 'revert-in-the-way',
    what: 'a file is in place of a folder',
    where: showPath(path),
    why: `${showPath(other)} was a folder, and is none now`,
    next: `revert that: mkma revert ${showPath(other)}`,
  };
}

/** What is to be done so that everything but these packages and accounts is left. */
function ofUnits(
  machine: RunningSystem,
  { scan, changes, units }: Found,
  packages: readonly Unit[],
): Result<{ readonly plan: Plan; readonly made: Made }> {
  const others = units.units.filter((unit) => !packages.includes(unit));
  const members = new Set([...units.members.keys(), ...units.covered]);
  const kept = { changes: changes.filter(({ path }) => !members.has(path)), units: others };
  const look = (paths: readonly string[]): Map<string, TreeEntry> => {
    const found = find(machine, scan.merged.below, paths, 'themselves');
    return new Map(found.map((entry) => [entry.path, entry]));
  };
  const content = contentOf(machine, scan, changes, units, kept, look);
  if (!content.ok) {
    return err({ ...content.problem, next: 'revert that one as well; nothing was reverted' });
  }
  const { changes: left, texts } = content.value;
  const known = new Set<Change>(changes);
  const stays = new Set(left.map(({ path }) => path));
  const plan = revertOf(
    changes.filter(({ path }) => !stays.has(path)),
    (path) => scan.below.at(path),
  );
  const entries = left.flatMap((change) =>
    known.has(change) || change.entry === undefined ? [] : [change.entry],
  );
  const gone = left.filter((change) => !known.has(change) && change.entry === undefined);
  return ok({
    plan: { ...plan, remove: [...plan.remove, ...gone.map(({ path }) => path)] },
    made: { entries, texts },
  });
}

/** With the folders that are missing on the way to what comes back. */
function withFoldersAbove(machine: RunningSystem, { merged }: Scan, plan: Plan): Plan {
  const gone = new Set([...plan.remove, ...plan.replace]);
  const missing = new Set<string>();
  for (const path of [...plan.restore, ...plan.whole]) {
    for (const above of ancestorsOf(path)) {
      const there = machine.info(`${merged.root}/${above}`)?.kind === 'directory';
      if (above !== '.' && (!there || gone.has(above))) missing.add(above);
    }
  }
  return { ...plan, restore: [...new Set([...missing, ...plan.restore])] };
}

/**
 * With other names, which are as they were, of files that come back: all of them are to be names of one file
 * again. Only if there are some, all that is below is searched for them: few files have several names.
 */
function withOtherNames(
  machine: RunningSystem,
  { merged: { below, root }, stack, below: seen }: Scan,
  changes: readonly Change[],
  plan: Plan,
): Plan {
  const key = ({ fileSystem, ino }: TreeEntry): string => `${fileSystem}:${ino}`;
  const inside = plan.whole.length === 0 ? [] : find(machine, below, plan.whole, 'everything');
  const own = find(machine, below, plan.restore, 'themselves').concat(inside);
  // What a snapshot has instead is another file.
  const isLower = (path: string): boolean => seen.at(path) === stack.at(path);
  const linked = own.filter(({ path, type, nlink }) => type !== 'd' && nlink > 1 && isLower(path));
  if (linked.length === 0) return plan;
  const known = new Set([...own, ...changes].map(({ path }) => path));
  const wanted = new Set(linked.map(key));
  const others = find(machine, below, ['.'], 'linked')
    .filter((entry) => wanted.has(key(entry)) && !known.has(entry.path))
    .map(({ path }) => path);
  // Not those in folders that are gone, or that somebody else's file hides.
  const there = find(machine, root, others, 'themselves').filter(({ type }) => type !== 'd');
  return { ...plan, restore: [...plan.restore, ...there.map(({ path }) => path)] };
}

/** A problem if something is mounted over what would be changed: what is below is not what people see. */
function mountedOver(machine: RunningSystem, { root }: Merged, plan: Plan): Problem | undefined {
  const live = rootOf(machine);
  const points = (machine.readText('/proc/self/mountinfo') ?? '')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, d: string) =>
        String.fromCharCode(Number.parseInt(d, 8)),
      ),
    )
    .filter((point) => isBelow(point, live) && !isWithin(point, root) && !point.startsWith('/run/mkma/'))
    .map((point) => point.slice(live === '/' ? 1 : live.length + 1));
  const all = [...plan.remove, ...plan.replace, ...plan.restore, ...plan.whole];
  const point = points.find((one) =>
    all.some((path) => isWithin(path, one) || (isBelow(one, path) && plan.remove.includes(path))),
  );
  if (point === undefined) return undefined;
  return {
    code: 'revert-in-the-way',
    what: 'another file system is mounted there',
    where: showPath(point),
    next: `unmount it first: umount ${showPath(point)}`,
  };
}

/** All that comes back, as below with the snapshots of this boot. */
function wantedTree(
  machine: RunningSystem,
  merged: Merged,
  plan: Plan,
  snapshots: readonly Source[],
  made: Made,
): {
  readonly tree: MergedTree;
  readonly sources: readonly ContentSource[];
  readonly texts: ReadonlyMap<string, string>;
} {
  const lower = lowerSource(machine, merged, plan.restore, plan.whole);
  const sources = [lower, ...snapshots];
  const all = mergeTrees(
    sources.map(({ tree }) => tree),
    () => true,
  );
  const own = new Set(plan.restore);
  const isWanted = (path: string): boolean => own.has(path) || plan.whole.some((one) => isWithin(path, one));
  const others = made.entries.map((entry) => toMerged(entry, made.texts));
  const replaced = new Set(others.map(({ path }) => path));
  const entries = all.entries.filter(({ path }) => isWanted(path) && !replaced.has(path));
  const attributes = all.attributes.filter(({ path }) => isWanted(path) && !replaced.has(path));
  const names = new Map<string, number>();
  for (const { inode } of entries) names.set(inode, (names.get(inode) ?? 0) + 1);
  const counted = entries.map((entry) =>
    entry.type === 'd' ? entry : { ...entry, nlink: names.get(entry.inode) ?? 1 },
  );
  return { tree: { ...all, entries: [...counted, ...others], attributes }, sources, texts: made.texts };
}

function toMerged(entry: TreeEntry, texts: ReadonlyMap<string, string>): MergedEntry {
  const { path, type, mode, uid, gid, mtime, target } = entry;
  const size = encodeName(texts.get(path) ?? '').length;
  const facts = { path, type, mode, uid, gid, mtime, size, target, nlink: 1, ino: 0, at: 0 };
  return { ...facts, source: 0, inode: `made:${path}` };
}

function answerOf(
  { entries }: MergedTree,
  { remove }: Plan,
  { packages, notes }: ToRevert,
  open: readonly string[],
): Reverted {
  const restored = entries.map(({ path }) => path);
  const warning = `programs have files open that are replaced or removed, and keep the old ones until they are restarted: ${open
    .slice(0, MOST_NAMED)
    .join(', ')}${open.length > MOST_NAMED ? `, and ${open.length - MOST_NAMED} more` : ''}`;
  return {
    removed: remove,
    restored,
    packages: packages.map(({ name }) => name),
    warnings: [...notes, ...(open.length === 0 ? [] : [warning])],
  };
}

const MOST_NAMED = 5;
