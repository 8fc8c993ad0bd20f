/** Paths of this host in a definition: relative to the file that names them. Pure. */
import { resolve } from 'node:path';
import { isReplacement, Replacement } from './define.js';
import { isFields, type Path } from './merge.js';
import { isDebFile } from './package-names.js';

/** Fields with such a path; `*`: every name or index. */
const FIELDS: readonly (readonly string[])[] = [
  ['packages', '*'],
  ['builds', '*', 'packages', '*'],
  ['builds', '*', 'sources', '*'],
  ['repositories', '*', 'key'],
  ['files', '*', 'from'],
  ['users', '*', 'password', 'hashFile'],
  ['users', '*', 'authorizedKeys', '*', 'file'],
  ['hooks', '*', 'run', 'script'],
  ['kernel', 'image'],
  ['kernel', 'modules'],
  // Options of presets.
  ['with', 'password', 'hashFile'],
  ['with', '*', 'packages', '*'],
];

/** The fields with every such path made absolute, relative to `folder`. */
export function absolutePaths(
  fields: Readonly<Record<string, unknown>>,
  folder: string,
): Record<string, unknown> {
  return change(fields, [], folder) as Record<string, unknown>;
}

function change(value: unknown, path: Path, folder: string): unknown {
  if (typeof value === 'string') return isPath(value, path) ? resolve(folder, value) : value;
  if (isReplacement(value)) return new Replacement(change(value.value, path, folder));
  if (Array.isArray(value)) return value.map((item, i) => change(item, [...path, i], folder));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, change(one, [...path, key], folder)]),
  );
}

function isPath(value: string, path: Path): boolean {
  const known = FIELDS.some(
    (field) => field.length === path.length && field.every((part, i) => part === '*' || part === path[i]),
  );
  if (!known || value === '') return false;
  // Other entries of packages are names; a key may be given as text.
  if (path.includes('packages')) return isDebFile(value);
  return !value.includes('\n');
}
