/** What has changed on the machine, and what of it is offered: after rules, with what belongs together. */
import { type Change, findChanges } from '../../../core/overlay/changes.js';
import { findGroups } from '../../../core/overlay/groups.js';
import type { RunningSystem } from '../../system.js';
import type { Merged } from '../merged.js';
import type { isKnownIdentity } from '../saved-identity.js';
import { applyRules } from './apply-rules.js';
import type { Choice } from './choose.js';
import { findDerived } from './derived.js';
import { droppedUnits, leftUnits } from './left.js';
import type { Medium } from './medium.js';
import { textsBelow } from './records.js';
import type { MachineRules } from './rules.js';
import { scanMachine, type Taken } from './scan.js';
import { shownGroups } from './shown.js';
import { findUnits } from './units.js';

/** What a look is made with. */
export interface Base {
  readonly merged: Merged;
  readonly rules: MachineRules;
  readonly choice: Choice;
  readonly isIdentity: ReturnType<typeof isKnownIdentity>;
}

/** `choice`: what is asked for by name is not left. */
export function lookAround(
  machine: RunningSystem,
  { merged, rules, choice, isIdentity }: Base,
  medium: Pick<Medium, 'saved'>,
  whole: boolean,
  taken?: Taken,
) {
  const scan = scanMachine(machine, merged, medium.saved, whole, taken);
  const all = findChanges(scan.upper, scan.stack, scan.below);
  const sockets = all.filter(({ entry }) => entry?.type === 's').map(({ path }) => path);
  const saved = all.filter(({ entry }) => entry?.type !== 's');
  const units = findUnits(machine, scan, saved, textsBelow(machine, scan, medium.saved));
  // A file that was written again with the same records is no change.
  const isChange = ({ path }: Change): boolean =>
    !units.covered.has(path) || units.units.some(({ keys }) => keys.has(path));
  const left = leftUnits(machine, units, choice, rules);
  const isExempt = ({ path }: Change): boolean => units.members.has(path) || units.contents.has(path);
  // Such rules lose nothing.
  const isSafe = ({ path, entry }: Change): boolean =>
    isIdentity(path, entry) && rules.decider.decide(path, false)?.keeps === false;
  const derived = findDerived(machine, saved.filter(isChange), isExempt);
  const changes = saved.filter(
    (change) => isChange(change) && !isSafe(change) && !derived.own.has(change.path),
  );
  const groups = findGroups(
    changes.filter((change) => !isExempt(change)),
    (path) => machine.info(`${merged.root}/${path}`)?.kind === 'file',
  );
  const ruled = applyRules(
    rules,
    changes,
    (change) => isExempt(change) || derived.made.has(change.path),
    groups,
  );
  const dropped = [...droppedUnits(left, changes, units), ...ruled.dropped];
  const kept = new Set(ruled.kept.map(({ path }) => path));
  return {
    ...{ scan, sockets, left, dropped, derived, changes: ruled.kept },
    // What follows from others is no item by itself.
    units: { ...units, covered: new Set([...units.covered, ...derived.made.keys()]) },
    ...{ groups: shownGroups(groups, kept), warnings: ruled.warnings },
  };
}

export type Found = ReturnType<typeof lookAround>;
