/** `mkma persist`: chosen changes become a layer. */

import type { BootRecord } from '../../../core/boot/record.js';
import { showPath } from '../../../core/overlay/change-list.js';
import { findChanges } from '../../../core/overlay/changes.js';
import { withoutLosses } from '../../../core/overlay/moved-parts.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { withImages } from '../images-folder.js';
import { type Merged, withMerged } from '../merged.js';
import { measureFileSystem } from '../room.js';
import { type Choice, chooseChanges, choosesAtOnce } from './choose.js';
import { machineFacts } from './facts.js';
import { checkTools } from './format.js';
import { checkCount, type Medium, readMedium } from './medium.js';
import { alwaysReplaced, type Persisted, type SaveOptions, save } from './save.js';
import { scanMachine } from './scan.js';

export interface PersistOptions extends Choice, SaveOptions {}

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
  machine.growLarge();
  return withMerged(machine, record, (merged) => persistFrom(machine, merged, record, options, tell));
}

function persistFrom(
  machine: RunningSystem,
  merged: Merged,
  record: BootRecord,
  options: PersistOptions,
  tell: (line: string) => void,
): Result<Persisted> {
  let free = 0;
  const looked = withImages(machine, record, 'read', (folder) => {
    free = measureFileSystem(machine, folder).free;
    return readMedium(machine, record, folder);
  });
  if (!looked.ok) return looked;
  const medium = looked.value;
  const facts = machineFacts(machine);
  // A file system cannot have metadata alone: then the files are whole.
  const whole = options.format === 'erofs';
  let found = lookAround(machine, merged, medium, whole);
  const { sockets } = found;
  const notes = [
    ...sockets.map((path) => `not saved, since sockets exist only with their program: ${showPath(path)}`),
    ...medium.warnings.map((warning) => `warning: ${warning}`),
  ];
  const counted = found.changes.length === 0 ? ok() : checkCount(medium);
  if (!counted.ok) return counted;
  const first = found.changes.length === 0 ? ok([]) : chooseChanges(machine, options, found.changes, notes);
  if (!first.ok) return first;
  const paths = new Set(first.value.map(({ path }) => path));
  for (let attempt = 1; ; attempt++) {
    // Choosing took time, or files were replaced: what was chosen is saved as it is now.
    if (attempt > 1 || !choosesAtOnce(options)) found = lookAround(machine, merged, medium, whole);
    const { chosen, stay } = withoutLosses(
      found.changes,
      found.changes.filter(({ path }) => paths.has(path)),
    );
    if (chosen.length === 0) {
      const nothing = { changes: [], format: 'cpio', unpackedBytes: 0, nextBoot: 0, sockets } as const;
      return ok({ ...nothing, warnings: medium.warnings });
    }
    const saved = save(machine, record, options, tell, {
      ...{ facts, medium: withStaying(medium, stay), free, scan: found.scan, chosen, sockets },
      whole: chosen.length === found.changes.length,
    });
    if (saved.done !== undefined) return saved.done;
    if (attempt === ATTEMPTS) return err(alwaysReplaced(saved.replaced));
    tell('files were replaced while they were read: retrying');
  }
}

/** Warnings about moved folders that stay where they were as well. */
function withStaying(medium: Medium, stay: readonly string[]): Medium {
  const warnings = stay.map(
    (path) => `${showPath(path)} stays where it was: not all that moved from there is saved elsewhere`,
  );
  return { ...medium, warnings: [...medium.warnings, ...warnings] };
}

function lookAround(machine: RunningSystem, merged: Merged, medium: Medium, whole: boolean) {
  const scan = scanMachine(machine, merged, medium.saved, whole);
  const all = findChanges(scan.upper, scan.stack, scan.below);
  const sockets = all.filter(({ entry }) => entry?.type === 's').map(({ path }) => path);
  return { scan, sockets, changes: all.filter(({ entry }) => entry?.type !== 's') };
}
