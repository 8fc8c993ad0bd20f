/** What cannot be kept without what is left. Pure. */
import type { Entries } from './database.js';
import { unmetDependencies } from './packages.js';
import type { Unit } from './units.js';

/**
 * Of the units that are kept: packages that need one that is left, and removals of what such a package needs;
 * each with what it lacks. `below` and `own`: dpkg's status without and with all changes. `tooOld`: what a
 * package needs in another version than a status has it.
 */
export function dependentsOf(
  units: readonly Unit[],
  left: ReadonlySet<Unit>,
  { below, own }: { readonly below: Entries; readonly own: Entries },
  tooOld: (name: string, status: Entries) => string | undefined,
): Map<Unit, readonly string[]> {
  const found = new Map<Unit, readonly string[]>();
  const packages = new Map(units.flatMap((unit) => (unit.kind === 'package' ? [[unit.name, unit]] : [])));
  if (left.size === 0) return found;
  const unmet = (entries: Entries) => unmetDependencies(entries, new Set(entries.keys()));
  const known = new Set([...unmet(below), ...unmet(own)].map(({ name }) => name));
  for (;;) {
    const made = new Map(own);
    for (const unit of packages.values()) {
      if (!left.has(unit) && !found.has(unit)) continue;
      const before = below.get(unit.name);
      if (before === undefined) made.delete(unit.name);
      else made.set(unit.name, before);
    }
    const size = found.size;
    const isKept = (unit: Unit | undefined): unit is Unit =>
      unit !== undefined && !left.has(unit) && !found.has(unit);
    for (const { name, missing } of unmet(made)) {
      if (known.has(name)) continue;
      const unit = packages.get(name) ?? [...packages.values()].find((one) => bare(one.name) === name);
      if (isKept(unit) && !unit.removed) found.set(unit, missing);
      // Or it is there because its removal is left: then so is that of what it needs.
      else
        for (const [gone, other] of packages)
          if (isKept(other) && other.removed && missing.some((one) => needs(one, bare(gone))))
            found.set(other, [`${name} needs it`]);
    }
    for (const unit of packages.values()) {
      const older = isKept(unit) && !unit.removed ? tooOld(unit.name, made) : undefined;
      if (older !== undefined) found.set(unit, [older]);
    }
    if (found.size === size) return found;
  }
}

function bare(name: string): string {
  return name.split(':')[0] as string;
}

/** Whether a relation with alternatives names a package. */
function needs(relation: string, name: string): boolean {
  return relation.split('|').some((one) => /^[^\s(:[<]*/.exec(one.trim())?.[0] === name);
}
