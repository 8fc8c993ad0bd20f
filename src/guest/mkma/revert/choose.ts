/** What the words of `mkma revert` name, and what is to be done about it. */
import type { TreeEntry } from '../../../core/archive/tree.js';
import { parseBlamePath } from '../../../core/layers/blame.js';
import { showPath } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import { changesAt, goneAbove, revertOf } from '../../../core/overlay/revert.js';
import { NAME_FILES } from '../../../core/records/records.js';
import type { Unit } from '../../../core/records/units.js';
import { err, ok, type Problem, type Result, usage } from '../../../core/result.js';
import { ancestorsOf, isWithin } from '../../../core/text/path.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import type { Merged } from '../merged.js';
import { contentOf } from '../persist/chosen.js';
import type { Scan } from '../persist/scan.js';
import type { Units } from '../persist/units.js';
import type { Plan } from './plan.js';

/** Entries that are neither those of the machine nor those of below: files with several owners, and links. */
export interface Made {
  readonly entries: readonly TreeEntry[];
  readonly texts: ReadonlyMap<string, string>;
}

interface Found {
  readonly scan: Scan;
  readonly changes: readonly Change[];
  readonly units: Units;
}

export interface ToRevert {
  readonly plan: Plan;
  readonly made: Made;
  readonly packages: readonly Unit[];
  /** Paths that were named. */
  readonly named: readonly string[];
  readonly notes: readonly string[];
}

export function choose(machine: RunningSystem, found: Found, words: readonly string[]): Result<ToRevert> {
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
  const ofPackages = packages.length === 0 ? ok(NOTHING) : ofUnits(machine, found, packages, paths);
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
    named: paths,
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

/**
 * What is to be done so that everything but these packages and accounts is left. What is new and belongs to
 * an account that goes with its package goes too: it would be nobody's. All else that would be left without
 * its account, or is in a folder of it, has to be among the `named` paths.
 */
function ofUnits(
  machine: RunningSystem,
  { scan, changes, units }: Found,
  packages: readonly Unit[],
  named: readonly string[],
): Result<{ readonly plan: Plan; readonly made: Made }> {
  const others = units.units.filter((unit) => !packages.includes(unit));
  const members = new Set([...units.members.keys(), ...units.covered]);
  const goes = goesWith(units, packages);
  const kept = {
    changes: changes.filter((change) => !members.has(change.path) && goes(change) !== 'with it'),
    units: others,
  };
  const isNamed = ({ path }: Change): boolean => named.some((one) => isWithin(path, one));
  const without = kept.changes.filter((change) => goes(change) === 'owner' && !isNamed(change));
  if (without.length > 0) return err(leavesFiles(OWNERLESS, without, packages, named));
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
  // A folder stays with what else is in it, as with dpkg.
  const above = new Set(left.flatMap(({ path }) => ancestorsOf(path)));
  const isNeeded = ({ path, entry, before }: Change): boolean =>
    entry?.type === 'd' && before === undefined && above.has(path);
  const reverted = changes.filter(({ path }) => !stays.has(path));
  const plan = revertOf(
    reverted.filter((change) => !isNeeded(change)),
    (path) => scan.below.at(path),
  );
  const ownerless = new Set(
    reverted.filter((one) => isNeeded(one) && goes(one) !== undefined).map(({ path }) => path),
  );
  const inside = left.filter(
    (change) => ancestorsOf(change.path).some((one) => ownerless.has(one)) && !isNamed(change),
  );
  if (inside.length > 0) return err(leavesFiles(IN_FOLDER, inside, packages, named));
  const entries = left.flatMap((change) =>
    known.has(change) || change.entry === undefined ? [] : [change.entry],
  );
  const gone = left.filter((change) => !known.has(change) && change.entry === undefined);
  return ok({
    plan: { ...plan, remove: [...plan.remove, ...gone.map(({ path }) => path)] },
    made: { entries, texts },
  });
}

/**
 * What becomes of a change if these units are reverted: it goes `with it`, it loses its `owner`, or nothing.
 * State of a package is outside of homes and of its account, new or in /var; or new and of root, for a group
 * of the package. What was there and only got the owner has it back.
 */
function goesWith(
  { contents }: Units,
  units: readonly Unit[],
): (change: Change) => 'with it' | 'owner' | undefined {
  const numbers = (path: string, kind?: Unit['kind']): Set<number> => {
    const file = contents.get(path);
    const of = units.filter((unit) => kind === undefined || unit.kind === kind);
    const names = of.flatMap(({ keys }) => [...(keys.get(path) ?? [])]);
    const gone = names.filter((name) => file?.own.has(name) === true && !file.below.has(name));
    return new Set(gone.map((name) => Number(file?.own.get(name)?.split(':')[2] ?? Number.NaN)));
  };
  const [users, groups] = [numbers(NAME_FILES.users), numbers(NAME_FILES.groups)];
  const ofPackages = [numbers(NAME_FILES.users, 'package'), numbers(NAME_FILES.groups, 'package')] as const;
  return ({ path, entry, before, kind }) => {
    if (entry === undefined || !(users.has(entry.uid) || groups.has(entry.gid))) return undefined;
    const isNew = before === undefined;
    const isLoose = isNew || path.startsWith('var/') || kind === 'metadata' || entry.type === 'd';
    const isState =
      (isLoose && ofPackages[0].has(entry.uid)) || (isNew && entry.uid === 0 && ofPackages[1].has(entry.gid));
    return isState && !/^(home|root)\//.test(path) ? 'with it' : 'owner';
  };
}

const OWNERLESS = "files belong to the account, and would be nobody's without it";
const IN_FOLDER = 'files are in a folder of the account, which goes with it';

/** The highest of the paths are named, and the command that includes them. */
function leavesFiles(
  what: string,
  changes: readonly Change[],
  units: readonly Unit[],
  named: readonly string[],
): Problem {
  const all = new Set(changes.map(({ path }) => path));
  const highest = [...all].filter((path) => !ancestorsOf(path).some((above) => all.has(above)));
  const words = units.map(({ kind, name }) => `${kind}:${name}`);
  const shown = highest.slice(0, MOST_SHOWN).map(showPath);
  const more = highest.length > MOST_SHOWN ? `, and ${highest.length - MOST_SHOWN} more` : '';
  const command = ['mkma revert', ...words, ...named.map(showPath), ...shown].join(' ');
  return {
    code: 'revert-leaves-files',
    what,
    where: shown.join(', ') + more,
    next: `revert them as well: ${command}${more}; or save them or change their owner first; nothing was reverted`,
  };
}

const MOST_SHOWN = 5;

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
