/** `mkma persist`: chosen changes become a layer. */

import type { TreeEntry } from '../../../core/archive/tree.js';
import type { Amounts } from '../../../core/auto/conditions.js';
import type { BootRecord } from '../../../core/boot/record.js';
import type { UnitLine } from '../../../core/overlay/change-list.js';
import { showPath } from '../../../core/overlay/change-list.js';
import { type Change, findChanges } from '../../../core/overlay/changes.js';
import { withoutLosses } from '../../../core/overlay/moved-parts.js';
import { INFO } from '../../../core/records/packages.js';
import { kernelOf, type Unit } from '../../../core/records/units.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { find } from '../directory.js';
import { withImages } from '../images-folder.js';
import { type Merged, withMerged } from '../merged.js';
import { measureFileSystem } from '../room.js';
import { type Choice, chooseChanges, choosesAtOnce, matcherOf, type Offer } from './choose.js';
import { type Chosen, contentOf } from './chosen.js';
import { machineFacts } from './facts.js';
import { checkTools } from './format.js';
import { checkCount, type Medium, readMedium } from './medium.js';
import { textsBelow } from './records.js';
import { applyRules, droppedText, type MachineRules, readRules } from './rules.js';
import { alwaysReplaced, type Persisted, type SaveOptions, save } from './save.js';
import { type Scan, scanMachine } from './scan.js';
import { findUnits, type Units } from './units.js';

export interface PersistOptions extends Choice, SaveOptions {
  /** Whether no rule drops anything. */
  readonly ignoreRules: boolean;
  /** Asked once the changes are known whether to save them; absent: they are. */
  readonly consider?: (amounts: Amounts) => boolean;
}

/** Number of attempts if files are replaced while they are read, as programs do that rewrite files whole. */
const ATTEMPTS = 3;

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
  return withMerged(machine, record, (merged) =>
    persistFrom(machine, { merged, rules: rules.value }, record, options, tell),
  );
}

interface Base {
  readonly merged: Merged;
  readonly rules: MachineRules;
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
  const kernels = found.units.units.filter((unit) => isLeft(unit, options));
  const medium = { ...seen, warnings: [...seen.warnings, ...kernels.map(kernelNote)] };
  const { sockets } = found;
  const notes = [
    ...sockets.map((path) => `not saved, since sockets exist only with their program: ${showPath(path)}`),
    ...medium.warnings.map((warning) => `warning: ${warning}`),
    ...found.dropped.map((one) => droppedText(one, NAMED)),
  ];
  const counted = found.changes.length === 0 ? ok() : checkCount(medium);
  if (!counted.ok) return counted;
  const nothing = found.changes.length === 0;
  const empty = (): Persisted => ({
    ...{ changes: [], units: [], format: 'cpio', unpackedBytes: 0, nextBoot: 0, sockets },
    ...{ dropped: found.dropped, warnings: medium.warnings },
  });
  const amounts = { changedBytes: bytesOf(found.changes), freeRoom: room.free, totalRoom: room.bytes };
  if (!nothing && options.consider?.(amounts) === false) return ok({ ...empty(), withheld: true });
  const first = nothing
    ? ok({ changes: [], units: [] })
    : chooseChanges(machine, options, offerOf(found, options), notes);
  if (!first.ok) return first;
  const paths = new Set(first.value.changes.map(({ path }) => path));
  const notedMedium = {
    ...medium,
    warnings: [...medium.warnings, ...partWarnings(options, found, first.value)],
  };
  const names = new Set(first.value.units.map(nameOf));
  for (let attempt = 1; ; attempt++) {
    // Choosing took time, or files were replaced: what was chosen is saved as it is now.
    if (attempt > 1 || !choosesAtOnce(options)) found = lookAround(machine, base, medium, whole);
    const units = found.units.units.filter((unit) => names.has(nameOf(unit)));
    const kept = { changes: found.changes.filter(({ path }) => paths.has(path)), units };
    const content = contentOf(
      machine,
      found.scan,
      found.changes,
      found.units,
      kept,
      lookBelow(machine, found.scan),
    );
    if (!content.ok) return content;
    const { texts, left } = content.value;
    const { chosen, stay } = withoutLosses(found.changes, content.value.changes);
    if (chosen.length === 0) {
      return ok({ ...empty(), warnings: notedMedium.warnings });
    }
    const shown = {
      changes: offerOf({ ...found, changes: chosen }, options).changes.filter(({ path }) => paths.has(path)),
      units: linesOf(found, units),
      dropped: found.dropped,
    };
    const saved = save(machine, record, options, tell, {
      ...{
        facts,
        medium: withStaying(notedMedium, stay),
        free: room.free,
        scan: found.scan,
        chosen,
        texts,
        left,
        shown,
        sockets,
      },
      whole: chosen.length === found.changes.length && texts.size === 0 && found.dropped.length === 0,
    });
    if (saved.done !== undefined) return saved.done;
    if (attempt === ATTEMPTS) return err(alwaysReplaced(saved.replaced));
    tell('files were replaced while they were read: retrying');
  }
}

interface Found {
  readonly changes: readonly Change[];
  readonly units: Units;
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

function nameOf({ kind, name }: Unit): string {
  return `${kind} ${name}`;
}

/** Kernels come from the build, and no boot would use one in a layer: such packages are left unless named. */
function isLeft(unit: Unit, { select }: Choice): boolean {
  return (
    kernelOf(unit) !== undefined && !unit.removed && !select.some((pattern) => pattern.startsWith('package:'))
  );
}

function kernelNote({ name }: Unit): string {
  return `${name} is not saved: kernels come from the build (mkma build), and no boot would load this one`;
}

/** Patterns that match parts of packages, which are kept or left as a whole. */
function partWarnings({ select, deselect }: Choice, { changes, units }: Found, chosen: Chosen): string[] {
  const [selects, drops] = [matcherOf(select), matcherOf(deselect)];
  const kept = new Set(chosen.units.map(nameOf));
  const found = new Map<string, string>();
  for (const change of changes) {
    const unit = units.members.get(change.path);
    if (unit === undefined || found.has(unit.name)) continue;
    const path = showPath(change.path);
    const isKept = kept.has(nameOf(unit));
    if (!isKept && selects(change))
      found.set(
        unit.name,
        `${path} is not saved: it belongs to the package ${unit.name}; --select package:${unit.name} chooses it`,
      );
    else if (isKept && drops(change))
      found.set(
        unit.name,
        `${path} is saved with its package ${unit.name}; --deselect package:${unit.name} leaves it`,
      );
  }
  return [...found.values()];
}

/** What can be chosen by itself. */
function offerOf(found: Found, choice: Choice): Offer {
  const { members, covered } = found.units;
  const units = found.units.units.filter((unit) => !isLeft(unit, choice));
  const changes = found.changes.filter(({ path }) => !members.has(path) && !covered.has(path));
  return { changes, units, lines: linesOf(found, units) };
}

function linesOf({ changes, units: { members } }: Found, units: readonly Unit[]): UnitLine[] {
  const sums = new Map<Unit, { bytes: number; files: number }>();
  for (const { path, entry } of changes) {
    const unit = members.get(path);
    if (unit === undefined || entry === undefined || entry.type === 'd') continue;
    const sum = sums.get(unit) ?? { bytes: 0, files: 0 };
    sums.set(unit, sum);
    if (entry.type === 'f') sum.bytes += entry.size;
    if (!path.startsWith(`${INFO}/`)) sum.files++;
  }
  return units.map((unit) => {
    const { bytes, files } = sums.get(unit) ?? { bytes: 0, files: 0 };
    const count = `${files} ${files === 1 ? 'file' : 'files'}`;
    const text = files === 0 ? unit.text : unit.text.replace(/\)$/, `, ${count})`);
    return { kind: unit.kind, bytes, text: `${unit.name} ${text}` };
  });
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

function lookAround(machine: RunningSystem, { merged, rules }: Base, medium: Medium, whole: boolean) {
  const scan = scanMachine(machine, merged, medium.saved, whole);
  const all = findChanges(scan.upper, scan.stack, scan.below);
  const sockets = all.filter(({ entry }) => entry?.type === 's').map(({ path }) => path);
  const saved = all.filter(({ entry }) => entry?.type !== 's');
  const units = findUnits(machine, scan, saved, textsBelow(machine, scan, medium.saved));
  // A file that was written again with the same records is no change.
  const isChange = ({ path }: Change): boolean =>
    !units.covered.has(path) || units.units.some(({ keys }) => keys.has(path));
  const { kept, dropped } = applyRules(
    rules,
    saved.filter(isChange),
    ({ path }) => units.members.has(path) || units.contents.has(path),
  );
  return { scan, sockets, units, changes: kept, dropped };
}
