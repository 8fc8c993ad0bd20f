/** Versions that packages need of others. */
import type { Entries } from '../../../core/records/database.js';
import { fieldOf } from '../../../core/records/databases.js';
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
  const record = made.get(name) ?? '';
  const architecture = fieldOf(record, 'Architecture') ?? '';
  for (const { package: other, relation, version, text } of versionedRelations(record)) {
    // The key of one that may be installed for several architectures names its own.
    const key = [other, `${other}:${architecture}`].find((one) => made.has(one)) ?? other;
    const has = versionOf(made.get(key));
    if (has === undefined || has === versionOf(own.get(key))) continue;
    if (!isMet(machine, has, relation, version)) return text;
  }
  return undefined;
}

/** By the words of a comparison: a library that many need is compared with few versions. */
const compared = new Map<string, boolean>();

function isMet(machine: RunningSystem, has: string, relation: string, version: string): boolean {
  const words = [has, relation, version];
  const key = words.join(' ');
  const known = compared.get(key);
  if (known !== undefined) return known;
  const met = machine.run(['dpkg', '--compare-versions', ...words], { mayLack: true }).code !== 1;
  compared.set(key, met);
  return met;
}
