/** Versions that packages need of others. */
import type { Entries } from '../../../core/records/database.js';
import { versionedRelations, versionOf } from '../../../core/records/packages.js';
import type { RunningSystem } from '../../system.js';

/**
 * What a package needs of another that a status has in a version that does not do, and the machine in another
 * one. `made`: the status; `own`: that of the machine.
 */
export function olderThanNeeded(
  machine: RunningSystem,
  name: string,
  made: Entries,
  own: Entries,
): string | undefined {
  for (const { package: other, relation, version, text } of versionedRelations(made.get(name) ?? '')) {
    const has = versionOf(made.get(other));
    if (has === undefined || has === versionOf(own.get(other))) continue;
    const compared = machine.run(['dpkg', '--compare-versions', has, relation, version], { mayLack: true });
    if (compared.code === 1) return text;
  }
  return undefined;
}
