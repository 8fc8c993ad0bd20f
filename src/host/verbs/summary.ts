/** `mkma summary`: the resolved values of a definition, each with its origin. */

import { neededPackages } from '../customise/customise.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import type { Merged, Path } from '../definition/merge.js';
import { packageNameOf } from '../definition/package-names.js';
import type { ResolvedMachine } from '../definition/resolve.js';
import { whereOf } from '../definition/where.js';

/** Always shown, even as defaults: they characterize the machine. */
const ALWAYS = ['hostname', 'suite', 'format'];
/** Longest value that is shown on a line. */
const WIDTH = 60;

export interface Summary {
  readonly fields: readonly SummaryField[];
  readonly lines: readonly string[];
}

interface SummaryField {
  readonly name: string;
  readonly value: unknown;
  /** A file with its line, a preset, an option, or `default`. */
  readonly from: string;
}

/** Every value of the machine; without `all`, only those that are not defaults. */
export function summarise({ machine, merged, presets }: ResolvedMachine, all: boolean): Summary {
  // Options of presets are all shown, since that is where choices are found.
  const chosen = presets.flatMap(({ name, machine: { options }, said }) =>
    fieldsOf(options, said, `${name}.`),
  );
  const fields = fieldsOf(machine, merged, '').filter(
    ({ name, from, value }) => all || (from !== 'default' && !isEmpty(value)) || ALWAYS.includes(name),
  );
  return lined([...chosen, ...fields, ...needed(machine, (by) => all || isSaid(merged.fields, by))]);
}

/** Packages that other fields require. */
function needed(machine: MachineConfig, wanted: (by: Path) => boolean): SummaryField[] {
  const { packages, firmware, excludePackages } = machine;
  const named = new Set([...packages.map(packageNameOf), ...firmware, ...excludePackages]);
  return neededPackages(machine)
    .filter(({ name, by }) => !named.has(name) && wanted(by))
    .map(({ name, by }) => ({ name: 'needed package', value: name, from: nameOf(by) }));
}

function fieldsOf(value: unknown, merged: Merged, prefix: string): SummaryField[] {
  return leaves(value, []).map(([path, one]) => ({
    name: `${prefix}${nameOf(path)}`,
    value: shown(path, one),
    from: isSaid(merged.fields, path) ? whereOf(merged.originOf(path)) : 'default',
  }));
}

function lined(fields: readonly SummaryField[]): Summary {
  const shown = fields.map(({ name, value }) => `${name} = ${short(value)}`);
  const width = Math.min(72, Math.max(...shown.map((text) => text.length)));
  const lines = fields.map(({ from }, i) => `${(shown[i] ?? '').padEnd(width)}  # ${from}`);
  return { fields, lines };
}

/** Paths of values that are neither objects nor lists, in the order of the schema. */
function leaves(value: unknown, path: Path): [Path, unknown][] {
  if (typeof value !== 'object' || value === null) return value === undefined ? [] : [[path, value]];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([key, one]) => leaves(one, [...path, key]));
}

/** Whether a value was set, not filled in by the schema. */
function isSaid(fields: unknown, path: Path): boolean {
  const found = path.reduce<unknown>(
    (at, key) => (at as Record<string | number, unknown> | undefined)?.[key],
    fields,
  );
  return found !== undefined;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' || value === false;
}

/**
 * A value without secrets: functions have no text; of hashes, contents of files and values of templates, only
 * the length is shown.
 */
function shown(path: Path, value: unknown): unknown {
  if (typeof value === 'function') return '(function)';
  if (path.includes('password') && path.at(-1) === 'hash') return '(hidden)';
  const content = path[0] === 'files' && (path.length === 2 || path[2] === 'content' || path[2] === 'values');
  if (content && typeof value !== 'object') return `(${String(value).length} characters)`;
  return typeof value === 'string' ? value.replace(/(:\/\/)[^/@\s]*@/, '$1(hidden)@') : value;
}

function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 4)}..."`;
}
