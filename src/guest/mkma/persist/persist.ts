/** `mkma persist`: chosen changes become a layer. */

import type { TreeEntry } from '../../../core/archive/tree.js';
import type { Amounts } from '../../../core/auto/conditions.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { showPath } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import { withGroups } from '../../../core/overlay/groups.js';
import { withoutLosses } from '../../../core/overlay/moved-parts.js';
import type { Unit } from '../../../core/records/units.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import { withImages } from '../images-folder.js';
import { withMerged } from '../merged.js';
import { measureFileSystem } from '../room.js';
import { isKnownIdentity } from '../saved-identity.js';
import { droppedText } from './apply-rules.js';
import { type Choice, chooseChanges, choosesAtOnce } from './choose.js';
import { type Chosen, contentOf, nameOf } from './chosen.js';
import { chooseDerived, type DerivedChoice, derivedNotes } from './derived.js';
import { machineFacts } from './facts.js';
import { figuresOf, rememberFigures } from './figures.js';
import { checkTools } from './format.js';
import { type Base, type Found, lookAround } from './look.js';
import { checkCount, type Medium, readMedium } from './medium.js';
import { partWarnings } from './part-warnings.js';
import { readRules } from './rules.js';
import { type Persisted, type SaveOptions, save } from './save.js';
import type { Scan } from './scan.js';
import { type SettleOptions, Settling } from './settling.js';
import { nothingShown, offerOf, shownOf } from './shown.js';

export interface PersistOptions extends Choice, SaveOptions, SettleOptions {
  /** Whether no rule drops anything. */
  readonly ignoreRules: boolean;
  /** Asked once the changes are known whether to save them; absent: they are. */
  readonly consider?: (amounts: Amounts) => boolean;
}

/** Saves what is chosen. `tell` receives lines about progress. */
export function persist(
  machine: RunningSystem,
  record: BootRecord,
  options: PersistOptions,
  tell: (line: string) => void,
): Result<Persisted> {
  const tools = options.format === 'erofs' ? checkTools(machine) : ok();
  if (!tools.ok) return tools;
  // What is named is kept, whatever rules say.
  const rules = readRules(machine, options.ignoreRules || options.select.length > 0);
  if (!rules.ok) return rules;
  machine.growLarge();
  return withMerged(machine, record, (merged) => {
    const isIdentity = isKnownIdentity(machine, record, merged);
    const base = { merged, rules: rules.value, choice: options, isIdentity };
    return persistFrom(machine, base, record, options, tell);
  });
}

function persistFrom(
  machine: RunningSystem,
  base: Base,
  record: BootRecord,
  options: PersistOptions,
  tell: (line: string) => void,
): Result<Persisted> {
  let room = { bytes: 0, free: 0 };
  const looked = withImages(machine, record, 'read', (folder) => {
    room = measureFileSystem(machine, folder);
    return readMedium(machine, record, folder);
  });
  if (!looked.ok) return looked;
  const seen = looked.value;
  const facts = machineFacts(machine);
  // A file system cannot have metadata alone: then the files are whole.
  const whole = options.format === 'erofs';
  let found = lookAround(machine, base, seen, whole);
  const { sockets, left: apart } = found;
  const warnings = [...apart.flatMap(({ warning }) => warning ?? []), ...found.warnings];
  const medium = { ...seen, warnings: [...seen.warnings, ...warnings] };
  const notes = [
    ...sockets.map((path) => `not saved, since sockets exist only with their program: ${showPath(path)}`),
    ...medium.warnings.map((warning) => `warning: ${warning}`),
    ...found.dropped.map((one) => droppedText(one, NAMED)),
    ...derivedNotes(found.derived),
    ...(medium.hint === undefined ? [] : [medium.hint]),
  ];
  if (medium.hint !== undefined) tell(medium.hint);
  const counted = found.changes.length === 0 ? ok() : checkCount(medium);
  if (!counted.ok) return counted;
  const nothing = found.changes.length === 0;
  const empty = (): Persisted => ({
    ...{ ...nothingShown(found), format: 'cpio', unpackedBytes: 0, nextBoot: 0, sockets },
    ...{ warnings: medium.warnings, unsettled: [], stoodStill: 0 },
  });
  const amounts = { changedBytes: bytesOf(found.changes), freeRoom: room.free, totalRoom: room.bytes };
  if (!nothing && options.consider?.(amounts) === false) return ok({ ...empty(), withheld: true });
  const first = nothing
    ? ok({ changes: [], units: [] })
    : chooseChanges(machine, options, offerOf(machine, found), notes);
  if (!first.ok) return first;
  const notedMedium = {
    ...medium,
    warnings: [...medium.warnings, ...partWarnings(options, found, first.value)],
  };
  const settling = new Settling(machine, options);
  try {
    for (;;) {
      settling.next();
      // Choosing took time, or files changed: what was chosen is saved as it is now.
      if (settling.attempt > 1 || !choosesAtOnce(options)) found = lookAround(machine, base, medium, whole);
      const moment = options.dryRun
        ? undefined
        : settling.moment(found, chosenOf(machine, options, found, first.value).changes);
      if (moment !== undefined) found = lookAround(machine, base, medium, whole, moment.taken);
      const now = chosenOf(machine, options, found, first.value);
      const paths = new Set(settling.without(now.changes).map(({ path }) => path));
      const keeps = (path: string): boolean => paths.has(path);
      const derived = derivedOf(found, keeps, now.units);
      const isKept = ({ path }: Change): boolean => keeps(path) || derived.paths.has(path);
      const kept = { changes: found.changes.filter(isKept), units: now.units };
      const below = lookBelow(machine, found.scan);
      const content = contentOf(machine, found.scan, found.changes, found.units, kept, below);
      if (!content.ok) return content;
      const { texts, left } = content.value;
      const { chosen, stay } = withoutLosses(found.changes, content.value.changes);
      if (chosen.length === 0) {
        return ok({ ...empty(), warnings: notedMedium.warnings, ...settling.result(found.scan, []) });
      }
      const unsure = options.dryRun ? [] : settling.found(found.scan, chosen, moment);
      const saved =
        unsure.length > 0
          ? { replaced: unsure }
          : save(machine, record, options, tell, {
              ...{ facts, medium: withStaying(notedMedium, stay), free: room.free, scan: found.scan },
              ...{ chosen, texts, left, sockets, remake: derived.remake, copies: settling.copies },
              shown: shownOf(machine, found, chosen, now.units, keeps),
              whole:
                chosen.length === found.changes.length &&
                texts.size + found.dropped.length + found.derived.own.size === 0,
              mayChange: (path) => settling.isTolerated(path),
            });
      if (saved.done !== undefined) {
        if (!saved.done.ok) return saved.done;
        const names = new Set(now.units);
        if (!options.dryRun)
          rememberFigures(
            machine,
            figuresOf(found, keeps, (unit) => names.has(unit)),
          );
        const { changed, ...value } = saved.done.value;
        // Nothing was read.
        if (options.dryRun) return ok({ ...value, unsettled: [], stoodStill: 0 });
        return ok({ ...value, ...settling.result(found.scan, chosen, changed) });
      }
      const problem = settling.failed(saved.replaced, now.changes, found.groups);
      if (problem !== undefined) return err(problem);
      tell('files changed while they were read: retrying');
    }
  } finally {
    settling.release();
  }
}

/**
 * What was chosen, of what there is now: options choose again; of a list, the same paths, and what has joined
 * their groups.
 */
function chosenOf(machine: RunningSystem, options: PersistOptions, found: Found, first: Chosen): Chosen {
  if (choosesAtOnce(options)) {
    const again = chooseChanges(machine, options, offerOf(machine, found), []);
    if (again.ok) return again.value;
  }
  const paths = new Set(first.changes.map(({ path }) => path));
  const names = new Set(first.units.map(nameOf));
  return {
    changes: withGroups(found.changes, found.groups, (path) => paths.has(path)),
    units: found.units.units.filter((unit) => names.has(nameOf(unit))),
  };
}

/** What is saved of files that follow from the chosen changes. */
function derivedOf(
  { derived, units: { members } }: Found,
  keeps: (path: string) => boolean,
  units: readonly Unit[],
): DerivedChoice {
  const own = new Set(units);
  return chooseDerived(derived, (path) => {
    const unit = members.get(path);
    return unit === undefined ? keeps(path) : own.has(unit);
  });
}

/** What is at paths below the upper directory, with the snapshots of this boot as far as they are known. */
function lookBelow(machine: RunningSystem, { below, stack, merged }: Scan) {
  return (paths: readonly string[]): Map<string, TreeEntry> => {
    const found = find(machine, merged.below, paths, 'themselves').filter(({ path }) => paths.includes(path));
    const entries = new Map(found.map((entry) => [entry.path, entry]));
    for (const path of paths) {
      const known = below.at(path);
      if (known !== undefined && known !== stack.at(path)) entries.set(path, known);
    }
    return entries;
  };
}

function bytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { entry }) => sum + (entry?.type === 'f' ? entry.size : 0), 0);
}

/** Warnings about moved folders that stay where they were as well. */
function withStaying(medium: Medium, stay: readonly string[]): Medium {
  const warnings = stay.map(
    (path) => `${showPath(path)} stays where it was: not all that moved from there is saved elsewhere`,
  );
  return { ...medium, warnings: [...medium.warnings, ...warnings] };
}

/** Paths that are named of what a rule drops. */
const NAMED = 3;
