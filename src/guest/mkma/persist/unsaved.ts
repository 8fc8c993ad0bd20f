/** Counts what is not saved yet. */
import type { BootRecord } from '../../../core/boot/record.js';
import { ok, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { takeLock } from '../lock.js';
import { withMerged } from '../merged.js';
import { isKnownIdentity } from '../saved-identity.js';
import { figuresOf, readFigures, rememberFigures, type Unsaved } from './figures.js';
import { lookAround } from './look.js';
import { readRules } from './rules.js';
import { readSaved } from './saved.js';

/** Counts what is not saved, by the rules; the storage is not mounted. */
export function countUnsaved(machine: RunningSystem, record: BootRecord): Result<Unsaved> {
  const lock = takeLock(machine, 'look');
  if (!lock.ok) {
    // While somebody saves, figures change anyway.
    const known = readFigures(machine);
    return known === undefined ? lock : ok(known);
  }
  const rules = readRules(machine, false);
  if (!rules.ok) return rules;
  const choice = { all: true, select: [], deselect: [], expand: false };
  machine.growLarge();
  return withMerged(machine, record, (merged) => {
    const isIdentity = isKnownIdentity(machine, record, merged);
    const base = { merged, rules: rules.value, choice, isIdentity };
    return ok(
      rememberFigures(machine, figuresOf(lookAround(machine, base, { saved: readSaved(machine) }, false))),
    );
  });
}
