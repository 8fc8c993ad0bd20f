/** Faults of a definition, as a person reads them. Pure. */
import type { z } from 'zod';
import { nearestOf } from '../../core/text/nearest.js';
import type { Path } from './merge.js';

/** A fault: where in the definition, what it is, and what to do about it. */
export interface Fault {
  readonly path: Path;
  readonly what: string;
  readonly next: string;
  /** As in a Problem. */
  readonly code?: string | undefined;
  readonly suggestion?: string | undefined;
}

type Issue = z.core.$ZodIssue;

/** What was parsed, and the names that there can be at a path of it. */
interface Parsed {
  readonly value: unknown;
  readonly keysAt: (path: Path) => readonly string[];
}

/** Every fault that zod found. */
export function faultsOf(issues: readonly Issue[], parsed: Parsed): Fault[] {
  const faults = issues.flatMap((issue) => faultOf(issue, parsed));
  // One that was mistyped is not missing besides.
  const meant = faults.map(({ path, next }) =>
    nameOf([...path.slice(0, -1), /^did you mean (\S+)\?/.exec(next)?.[1] ?? '']),
  );
  return faults.filter(({ what }) => !meant.some((name) => what === `${name} is missing`));
}

function faultOf(issue: Issue, parsed: Parsed): Fault[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const name = nameOf(path);
  const given = valueAt(parsed.value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], parsed.keysAt(path)));
    case 'invalid_type':
      return [
        wrong(
          path,
          given === undefined
            ? `${name} is missing`
            : `${name} must be ${kindOf(issue.expected)}, and is ${told(given)}`,
        ),
      ];
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      const near = didYouMean(String(given), allowed);
      return [
        {
          path,
          what: `${name} is ${told(given)}`,
          next: `${near}it can be ${list(allowed.map((word) => `"${word}"`))}`,
        },
      ];
    }
    case 'invalid_key': {
      const inner = issue.issues[0]?.message ?? '';
      return [wrong(path, `${name}: ${inner.replace(/^must/, 'its name must')}`)];
    }
    case 'invalid_union':
      return unionFault(issue, path, parsed);
    case 'too_small':
    case 'too_big':
      return [wrong(path, `${name} is ${told(given)}: ${limitOf(issue)}`)];
    default: {
      const fault = wrong(path, saying(path, given, issue.message.replace(/^must/, 'it must')));
      return [issue.code === 'custom' ? { ...fault, ...ownWords(issue.params) } : fault];
    }
  }
}

/** Of a choice: what is wrong with the alternative that comes nearest, where an object is given; else what there is to choose from. */
function unionFault(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, parsed: Parsed): Fault[] {
  const given = valueAt(parsed.value, path);
  const own = wrong(path, saying(path, given, `it ${issue.message}`));
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return [own];
  const objects = issue.errors.filter(
    (branch) => !branch.some(({ path: [first], code }) => first === undefined && /^invalid_/.test(code)),
  );
  const nearest = [...objects].sort((x, y) => strange(x) - strange(y) || x.length - y.length)[0];
  if (nearest === undefined) return [own];
  const keys = nearest.flatMap((one) => (one.code === 'unrecognized_keys' ? one.keys : []));
  // None of its keys is known: what is missing then is not worth a word.
  if (keys.length === Object.keys(given).length && keys[0] !== undefined) {
    return [unknownKey([...path, keys[0]], parsed.keysAt(path))];
  }
  return nearest.flatMap((inner) => faultOf({ ...inner, path: [...path, ...inner.path] } as Issue, parsed));
}

function strange(branch: readonly Issue[]): number {
  return branch.reduce((sum, one) => sum + (one.code === 'unrecognized_keys' ? one.keys.length : 0), 0);
}

/** Code and suggestion, where a check of the schema has some. */
function ownWords(params: Readonly<Record<string, unknown>> = {}): Partial<Fault> {
  const { code, suggestion } = params;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof suggestion === 'string' ? { suggestion, next: `did you mean ${suggestion}?` } : {}),
  };
}

function wrong(path: Path, what: string): Fault {
  return { path, what, next: 'correct it and try again' };
}

/** That a value is not as it must be; one that may be a password is not repeated. */
function saying(path: Path, given: unknown, must: string): string {
  return path.includes('password')
    ? `${nameOf(path)}: ${must}`
    : `${nameOf(path)} is ${told(given)}: ${must}`;
}

function unknownKey(path: Path, known: readonly string[]): Fault {
  const around = path.length === 1 ? 'the fields are' : `${nameOf(path.slice(0, -1))} can have`;
  const near = didYouMean(String(path.at(-1)), known);
  return { path, what: `there is no ${nameOf(path)}`, next: `${near}${around}: ${known.join(', ')}` };
}

/** The words of a path: users.anna.shell, files["/etc/motd"], packages[2]. */
export function nameOf(path: Path): string {
  return path
    .map((part, i) =>
      typeof part === 'number'
        ? `[${part}]`
        : /^[A-Za-z_][\w-]*$/.test(part)
          ? `${i === 0 ? '' : '.'}${part}`
          : `["${part}"]`,
    )
    .join('');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined,
    value,
  );
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected;
}

/** A value in a few words. */
function told(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `"${value.slice(0, 57)}..."` : `"${value}"`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object') return 'an object';
  return 'nothing';
}

function limitOf(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const [limit, word] = issue.code === 'too_small' ? [issue.minimum, 'at least'] : [issue.maximum, 'at most'];
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : '';
  return issue.message.startsWith('Too') ? `it must be ${word} ${limit}${unit}` : issue.message;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** `did you mean X? `, or nothing where no name is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const nearest = nearestOf(typed, names);
  return nearest === undefined ? '' : `did you mean ${nearest}? `;
}
