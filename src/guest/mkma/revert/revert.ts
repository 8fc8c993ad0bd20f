/** `mkma revert`: what was saved last comes back at paths, or of packages, while the machine runs. */
import type { BootRecord } from '../../../core/boot/record.js';
import type { MergedTree } from '../../../core/layers/merge/tree.js';
import { showPath } from '../../../core/overlay/change-list.js';
import { findChanges } from '../../../core/overlay/changes.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { isBelow, isWithin } from '../../../core/text/path.js';
import { must, mustMakeFolder } from '../../must.js';
import type { RunningSystem } from '../../system.js';
import { type Merged, rootOf, withMerged } from '../merged.js';
import { unlessInterrupted } from '../persist/interrupted.js';
import { textsBelow } from '../persist/records.js';
import { readSaved } from '../persist/saved.js';
import { scanMachine } from '../persist/scan.js';
import { findUnits } from '../persist/units.js';
import { mountPoint } from '../view.js';
import { choose, type ToRevert } from './choose.js';
import { openFiles } from './open-files.js';
import type { Plan } from './plan.js';
import { restore } from './restore.js';
import { rememberAsSaved, withSnapshots } from './snapshots.js';
import { wantedTree, withOtherNames } from './wanted.js';

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
    const covered = mountedOver(machine, merged, chosen.value.named, plan);
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

/**
 * A problem if another file system is mounted at what was named, so that people see that one, or in a folder
 * that would be removed, which would unmount it.
 */
function mountedOver(
  machine: RunningSystem,
  { root }: Merged,
  named: readonly string[],
  { remove, replace }: Plan,
): Problem | undefined {
  const live = rootOf(machine);
  const points = (machine.readText('/proc/self/mountinfo') ?? '')
    .split('\n')
    .flatMap((line) => mountPoint(line) ?? [])
    .filter((point) => isBelow(point, live) && !isWithin(point, root) && !point.startsWith('/run/mkma/'))
    .map((point) => point.slice(live === '/' ? 1 : live.length + 1));
  const gone = [...remove, ...replace];
  const point = points.find(
    (one) => named.some((path) => isWithin(path, one)) || gone.some((path) => isWithin(one, path)),
  );
  if (point === undefined) return undefined;
  return {
    code: 'revert-in-the-way',
    what: 'another file system is mounted there',
    where: showPath(point),
    next: `unmount it first: umount ${showPath(point)}`,
  };
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
