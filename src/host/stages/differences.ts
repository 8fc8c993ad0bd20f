/** Differences between the inputs of two runs of a stage, in a form that people read. Pure. */
import { withoutLogins } from '../../core/text/logins.js';
import type { Inputs } from './inputs.js';

/** An input that differs. */
export interface Difference {
  readonly input: string;
  /** The item of an input that consists of several, such as a file's path. */
  readonly item?: string;
  /** `undefined`: it was not there, or what it was is known by a digest only. */
  readonly before?: string;
  readonly now?: string;
  /** For a list: what was added to it, and what was removed. */
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  readonly change: 'added' | 'removed' | 'changed';
}

/** Joins an input's name with that of one of its items. */
const OF = ': ';

/** One input for each item, by which a difference can be named: `files: /etc/motd`. */
export function itemInputs(name: string, items: Readonly<Record<string, string>>): Inputs {
  return Object.fromEntries(Object.entries(items).map(([item, value]) => [`${name}${OF}${item}`, value]));
}

/** Inputs that are lists of words. */
const LISTS: ReadonlySet<string> = new Set([
  ...['packages', 'excluded', 'components', 'locales', 'modules kept', 'without', 'extra modules'],
  ...['storage', 'binaries', 'tools', 'services enabled', 'services disabled', 'services masked'],
]);

/** Every input that differs, by name. */
export function differences(before: Inputs, now: Inputs): Difference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return keys.filter((key) => before[key] !== now[key]).map((key) => difference(key, before[key], now[key]));
}

function difference(key: string, before: string | undefined, now: string | undefined): Difference {
  const at = key.indexOf(OF);
  const named = at < 0 ? { input: key } : { input: key.slice(0, at), item: key.slice(at + OF.length) };
  const change = before === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
  if (LISTS.has(key)) return { ...named, change, ...listed(words(before), words(now)) };
  const [old, present] = [readable(before), readable(now)];
  return {
    ...named,
    ...(old === undefined ? {} : { before: old }),
    ...(present === undefined ? {} : { now: present }),
    change,
  };
}

function listed(before: readonly string[], now: readonly string[]) {
  return {
    added: now.filter((word) => !before.includes(word)).map(bare),
    removed: before.filter((word) => !now.includes(word)).map(bare),
  };
}

function words(list: string | undefined): string[] {
  return (list ?? '').split(' ').filter(Boolean);
}

/** Without the digest or stamp of what it names. */
function bare(word: string): string {
  return word.replace(/@[\w.@]+$/, '');
}

/** A value as it is shown; `undefined`: a digest, or long. */
function readable(value: string | undefined): string | undefined {
  if (value === undefined || value === '' || value.length > 60) return undefined;
  return /[0-9a-f]{12}/.test(value) ? undefined : withoutLogins(value);
}

/** Most items that are named of one input. */
const NAMED = 5;

/** Each input once, with what changed of it where that is known: `packages (+ htop)`, `hostname (a -> b)`. */
export function describeDifferences(all: readonly Difference[]): string[] {
  const inputs = [...new Set(all.map(({ input }) => input))];
  return inputs.map((input) => {
    const parts = all.filter((one) => one.input === input).flatMap(partsOf);
    const shown = parts.slice(0, NAMED);
    const more = parts.length > shown.length ? [`and ${parts.length - shown.length} more`] : [];
    return parts.length === 0 ? input : `${input} (${[...shown, ...more].join(', ')})`;
  });
}

function partsOf({ item, change, before, now, added, removed }: Difference): string[] {
  if (added !== undefined && removed !== undefined) {
    // The same name twice is a file whose content changed.
    const both = added.filter((word) => removed.includes(word));
    return [
      ...added.filter((word) => !both.includes(word)).map((word) => `+ ${word}`),
      ...removed.filter((word) => !both.includes(word)).map((word) => `- ${word}`),
      ...both,
    ];
  }
  if (item !== undefined) return [`${{ added: '+ ', removed: '- ', changed: '' }[change]}${item}`];
  if (change === 'added') return now === undefined ? [] : [`+ ${now}`];
  if (change === 'removed') return before === undefined ? [] : [`- ${before}`];
  return before === undefined || now === undefined ? [] : [`${before} -> ${now}`];
}
