/** Patterns of the command line that match parts of what is kept or left as a whole. */
import { showPath } from '../../../core/overlay/change-list.js';
import type { Choice } from './choose.js';
import { type Chosen, nameOf } from './chosen.js';
import type { Found } from './look.js';
import { matcherOf } from './select.js';

/** Patterns that match parts of packages, or of groups, which are kept or left as a whole. */
export function partWarnings(
  { select, deselect }: Choice,
  { changes, units, groups }: Found,
  chosen: Chosen,
): string[] {
  const [selects, drops] = [matcherOf(select).change, matcherOf(deselect).change];
  const kept = new Set(chosen.units.map(nameOf));
  const found = new Map<string, string>();
  const paths = new Set(chosen.changes.map(({ path }) => path));
  for (const change of changes) {
    const group = groups.get(change.path);
    if (group !== undefined && !found.has(group.path) && paths.has(change.path) && drops(change)) {
      const [path, whole] = [change.path, group.path].map(showPath);
      found.set(
        group.path,
        `${path} is saved with the ${group.kind} ${whole}; --deselect ${whole} leaves it`,
      );
    }
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
