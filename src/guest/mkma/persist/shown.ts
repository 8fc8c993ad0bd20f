/** What people are shown of changes: what can be chosen, and what was. */
import type { UnitLine } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import type { Groups } from '../../../core/overlay/groups.js';
import { isSecretChange, type ListFacts } from '../../../core/overlay/short-list.js';
import { INFO } from '../../../core/records/packages.js';
import type { Unit } from '../../../core/records/units.js';
import { hasPassword } from '../../../core/rules/secrets.js';
import type { RunningSystem } from '../../system.js';
import type { Dropped } from './apply-rules.js';
import { changedInUnits, packagesChanged } from './by-hand.js';
import type { Offer } from './choose.js';
import type { Left } from './left.js';
import type { Scan } from './scan.js';
import type { Units } from './units.js';

export interface Shown {
  /** Without those that belong to units. */
  readonly changes: readonly Change[];
  readonly units: readonly UnitLine[];
  readonly facts: ListFacts;
  /** What rules have dropped. */
  readonly dropped: readonly Dropped[];
  /** Number of files and accounts that let in whoever reads them. */
  readonly secrets: number;
}

/** What was found, as far as it is shown. */
interface Found {
  readonly scan: Scan;
  readonly changes: readonly Change[];
  readonly units: Units;
  readonly left: readonly Left[];
  readonly groups: Groups;
  readonly dropped: readonly Dropped[];
}

/** What can be chosen by itself. */
export function offerOf(machine: RunningSystem, found: Found): Offer {
  const left = new Set(found.left.map(({ unit }) => unit));
  const units = found.units.units.filter((unit) => !left.has(unit));
  const changes = itemsOf(found.changes, found.units);
  const packages = packagesChanged(machine, found.scan.merged.root, changes);
  return {
    ...{ changes, units, lines: linesOf(machine, found, units) },
    facts: { groups: found.groups, packages },
  };
}

/** Without what belongs to units. */
export function itemsOf(changes: readonly Change[], { members, covered }: Units): readonly Change[] {
  return changes.filter(({ path }) => !members.has(path) && !covered.has(path));
}

/** Of the changes that are saved those that `keeps` was asked for, and the units. */
export function shownOf(
  machine: RunningSystem,
  found: Found,
  chosen: readonly Change[],
  units: readonly Unit[],
  keeps: (path: string) => boolean,
): Shown {
  const changes = itemsOf(chosen, found.units).filter(({ path }) => keeps(path));
  const packages = packagesChanged(machine, found.scan.merged.root, changes);
  const { groups, dropped } = found;
  const files = chosen.filter((one) => !found.units.contents.has(one.path) && isSecretChange(one));
  const accounts = units.filter((unit) => isSecretUnit(found.units, unit));
  return {
    ...{ changes, units: linesOf(machine, found, units), dropped },
    facts: { groups: shownGroups(groups, new Set(changes.map(({ path }) => path))), packages },
    secrets: files.length + accounts.length,
  };
}

/** The same of nothing. */
export function nothingShown({ dropped }: Found): Shown {
  const facts = { groups: new Map(), packages: new Map() };
  return { changes: [], units: [], facts, dropped, secrets: 0 };
}

/** Groups with those of their changes that are shown. */
export function shownGroups(groups: Groups, shown: ReadonlySet<string>): Groups {
  const made = new Map(
    [...new Set(groups.values())].map((group) => [
      group,
      { ...group, changes: group.changes.filter(({ path }) => shown.has(path)) },
    ]),
  );
  return new Map(
    [...groups].flatMap(([path, group]) => {
      const own = made.get(group);
      return own === undefined || !shown.has(path) ? [] : [[path, own] as const];
    }),
  );
}

/** Whether it is an account with a password. */
function isSecretUnit({ contents }: Units, { kind, keys, removed }: Unit): boolean {
  if (kind !== 'account' || removed) return false;
  return ['etc/shadow', 'etc/gshadow'].some((path) =>
    [...(keys.get(path) ?? [])].some((key) => hasPassword(contents.get(path)?.own.get(key) ?? '')),
  );
}

function linesOf(
  machine: RunningSystem,
  { changes, units: all, scan }: Pick<Found, 'changes' | 'units' | 'scan'>,
  units: readonly Unit[],
): UnitLine[] {
  const sums = new Map<Unit, { bytes: number; files: number }>();
  for (const { path, entry } of changes) {
    const unit = all.members.get(path);
    if (unit === undefined || entry === undefined || entry.type === 'd') continue;
    const sum = sums.get(unit) ?? { bytes: 0, files: 0 };
    sums.set(unit, sum);
    if (entry.type === 'f') sum.bytes += entry.size;
    if (!path.startsWith(`${INFO}/`)) sum.files++;
  }
  const automatic = automaticNames(all);
  const byHand = changedInUnits(machine, scan, { units, members: all.members });
  return units.map((unit) => {
    const { bytes, files } = sums.get(unit) ?? { bytes: 0, files: 0 };
    const differing = byHand.get(unit)?.length ?? 0;
    const more = [
      ...(files === 0 ? [] : [`${files} ${files === 1 ? 'file' : 'files'}`]),
      ...(differing === 0 ? [] : [`${differing} changed by hand`]),
      ...(isSecretUnit(all, unit) ? ['secret'] : []),
    ];
    const text = unit.text.replace(/\)$/, `${more.map((one) => `, ${one}`).join('')})`);
    const isAutomatic = unit.kind === 'package' && automatic.has(unit.name.split(':')[0] as string);
    return { kind: unit.kind, bytes, text: `${unit.name} ${text}`, isAutomatic };
  });
}

/** Names of packages that were installed because others need them, as far as that is new. */
function automaticNames({ contents }: Units): Set<string> {
  const marks = contents.get('var/lib/apt/extended_states')?.own ?? new Map<string, string>();
  const isAutomatic = (record: string): boolean => /^Auto-Installed: 1$/m.test(record);
  return new Set(
    [...marks].flatMap(([key, record]) => (isAutomatic(record) ? [key.split(':')[0] as string] : [])),
  );
}
