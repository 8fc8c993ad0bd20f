/** What differs between a lock and the definition that it is used for, and between two locks. Pure. */
import type { Inputs } from '../stages/build-state.js';
import type { Lockfile } from './schema.js';

/** What a definition requests of one part. */
export interface RequestedPart {
  readonly name: string;
  readonly inputs: Inputs;
}

/**
 * Inputs that a lock does not answer: how mkma works, where packages come from, times, and the release of the
 * kernel, which follows from the packages.
 */
const NOT_REQUESTED = ['recipe', 'mirror', 'security mirror', 'SOURCE_DATE_EPOCH', 'lock', 'kernel'];

/** The inputs of a part that the lock records. */
export function requestedInputs(inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !NOT_REQUESTED.includes(name)));
}

/** The differences, as lines for people; none: the lock fits. */
export function misfits(lock: Lockfile, requested: readonly RequestedPart[]): string[] {
  const locked = new Map(lock.parts.map((part) => [part.name, part.inputs]));
  const lines: string[] = [];
  for (const { name, inputs } of requested) {
    const before = locked.get(name);
    if (before === undefined) lines.push(`${name}: not in the lock`);
    else lines.push(...inputChanges(before, inputs).map((change) => `${name}: ${change}`));
  }
  const wanted = new Set(requested.map(({ name }) => name));
  for (const { name } of lock.parts) if (!wanted.has(name)) lines.push(`${name}: no longer needed`);
  return lines;
}

function inputChanges(before: Inputs, now: Inputs): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    const [a = '', b = ''] = [before[name], now[name]];
    if (a === b) return [];
    if (!LISTS.includes(name))
      return [isDigest(a, b) ? `${name} changed` : `${name}: ${a || '(none)'} => ${b || '(none)'}`];
    const [left, right] = [a, b].map((text) => text.split(' ').filter((word) => word !== ''));
    const added = right?.filter((word) => !left?.includes(word)) ?? [];
    const removed = left?.filter((word) => !right?.includes(word)) ?? [];
    // Another order may install other alternatives.
    if (added.length + removed.length === 0) return [`${name} in another order`];
    return [
      ...(added.length === 0 ? [] : [`${name} added: ${added.join(' ')}`]),
      ...(removed.length === 0 ? [] : [`${name} removed: ${removed.join(' ')}`]),
    ];
  });
}

/** Inputs that are words separated by spaces. */
const LISTS = ['packages', 'components', 'excluded'];

function isDigest(...values: readonly string[]): boolean {
  return values.every((value) => /^([0-9a-f]{20,})?$/.test(value));
}

/** A package whose version differs; a side is absent if that lock does not have it. */
export interface VersionChange {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
}

/** The packages that differ, by name. */
export function packageChanges(before: Lockfile | undefined, after: Lockfile): VersionChange[] {
  const [old, now] = [versions(before), versions(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name): VersionChange[] => {
    const [from, to] = [old.get(name), now.get(name)];
    if (from === to) return [];
    return [{ name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
  });
}

/** Versions by name, with the architecture where it is a foreign one; several of different parts joined. */
function versions(lock: Lockfile | undefined): Map<string, string> {
  const found = new Map<string, Set<string>>();
  for (const { name, arch, version } of lock?.packages ?? []) {
    const key = arch === 'all' || arch === lock?.architecture ? name : `${name}:${arch}`;
    found.set(key, (found.get(key) ?? new Set()).add(version));
  }
  return new Map([...found].map(([key, all]) => [key, [...all].sort().join(', ')]));
}

/** The changes as apt shows them. `isNewer`: whether the second version is newer than the first. */
export function changeLines(
  changes: readonly VersionChange[],
  isNewer: (from: string, to: string) => boolean,
): string[] {
  const both = changes.filter(({ from, to }) => from !== undefined && to !== undefined);
  const up = both.filter(({ from = '', to = '' }) => isNewer(from, to));
  const down = both.filter((change) => !up.includes(change));
  const added = changes.filter(({ from }) => from === undefined);
  const removed = changes.filter(({ to }) => to === undefined);
  const arrow = ({ name, from, to }: VersionChange): string => `  ${name} (${from} => ${to})`;
  const group = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...lines];
  return [
    ...group('upgraded:', up.map(arrow)),
    ...group('downgraded:', down.map(arrow)),
    ...group(
      'newly installed:',
      added.map(({ name, to }) => `  ${name} (${to})`),
    ),
    ...group(
      'removed:',
      removed.map(({ name, from }) => `  ${name} (${from})`),
    ),
    [
      `${up.length} upgraded`,
      ...(down.length === 0 ? [] : [`${down.length} downgraded`]),
      `${added.length} newly installed`,
      `${removed.length} removed`,
    ].join(', '),
  ];
}
