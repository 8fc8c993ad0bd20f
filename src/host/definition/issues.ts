/** The issues that zod found, as readable errors. Pure. */
import type { z } from 'zod';
import type { ProblemCode } from '../../core/problems/codes.js';
import { nearestOf } from '../../core/text/nearest.js';
import { type Fault, fault } from './fault.js';
import { keyOf, type Path } from './merge.js';

type Issue = z.core.$ZodIssue;

/** What was parsed, and the names that are valid at a path of it. */
interface Parsed {
  readonly value: unknown;
  readonly keysAt: (path: Path) => readonly string[];
}

/**
 * For `safeParse`: zod's own words are left out, so that a message is one of the schema, which completes "it
 * ..." ("must be a path").
 */
export const OWN_WORDS = { error: () => '' } as const;

/** Every error that zod found; parsed with {@link OWN_WORDS}. */
export function faultsOf(issues: readonly Issue[], parsed: Parsed): Fault[] {
  const faults = issues.flatMap((issue) => faultOf(issue, parsed));
  // A mistyped field does not also count as missing.
  const meant = new Set(
    faults
      .filter(({ code }) => code === 'unknown-field')
      .map(({ path, suggestion = '' }) => keyOf([...path.slice(0, -1), suggestion])),
  );
  return faults.filter(({ code, path }) => code !== 'field-missing' || !meant.has(keyOf(path)));
}

function faultOf(issue: Issue, parsed: Parsed): Fault[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const given = valueAt(parsed.value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], parsed.keysAt(path)));
    case 'invalid_type':
      return [given === undefined ? missing(path) : wrongType(path, kindOf(issue.expected), given)];
    case 'invalid_value':
      return [notAllowed(path, given, issue.values.map(String))];
    case 'invalid_key': {
      const must = issue.issues[0]?.message ?? '';
      return [fault('name-invalid', path, (named) => `${named(path)}: the name ${must}`, CORRECT)];
    }
    case 'invalid_union':
      return unionFault(issue, path, parsed);
    case 'too_small':
    case 'too_big':
      return [outOfRange(path, given, limitOf(issue))];
    case 'custom':
      return [{ ...invalid(path, given, issue.message), ...ownWords(issue.params) }];
    default:
      return [invalid(path, given, issue.message)];
  }
}

/**
 * For a choice: the errors of the nearest alternative, if an object was given; otherwise the alternatives.
 */
function unionFault(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, parsed: Parsed): Fault[] {
  const given = valueAt(parsed.value, path);
  const own = invalid(path, given, issue.message);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return [own];
  const objects = issue.errors.filter(
    (branch) => !branch.some(({ path: [first], code }) => first === undefined && /^invalid_/.test(code)),
  );
  const nearest = [...objects].sort((x, y) => strange(x) - strange(y) || x.length - y.length)[0];
  if (nearest === undefined) return [own];
  const keys = nearest.flatMap((one) => (one.code === 'unrecognized_keys' ? one.keys : []));
  // None of its keys is known: missing ones are not worth reporting.
  if (keys.length === Object.keys(given).length && keys[0] !== undefined) {
    return [unknownKey([...path, keys[0]], parsed.keysAt(path))];
  }
  return nearest.flatMap((inner) => faultOf({ ...inner, path: [...path, ...inner.path] } as Issue, parsed));
}

function strange(branch: readonly Issue[]): number {
  return branch.reduce((sum, one) => sum + (one.code === 'unrecognized_keys' ? one.keys.length : 0), 0);
}

/** Code and suggestion, if a check of the schema has some. */
function ownWords(params: Readonly<Record<string, unknown>> = {}): Partial<Fault> {
  const { code, suggestion } = params;
  return {
    ...(typeof code === 'string' ? { code: code as ProblemCode } : {}),
    ...(typeof suggestion === 'string' ? { suggestion, next: `did you mean ${suggestion}?` } : {}),
  };
}

const CORRECT = 'correct it and try again';

function missing(path: Path): Fault {
  return fault('field-missing', path, (named) => `${named(path)} is missing`, 'add it');
}

function wrongType(path: Path, kind: string, given: unknown): Fault {
  const what: Fault['what'] = (named) => `${named(path)} must be ${kind}, not ${describe(given)}`;
  return fault('value-type', path, what, CORRECT);
}

function notAllowed(path: Path, given: unknown, allowed: readonly string[]): Fault {
  const suggestion = nearestOf(String(given), allowed);
  const next = `${didYouMean(String(given), allowed)}use ${list(allowed.map((word) => `"${word}"`))}`;
  const what: Fault['what'] = (named) => `${named(path)} is ${describe(given)}`;
  return { ...fault('value-not-allowed', path, what, next), suggestion };
}

function outOfRange(path: Path, given: unknown, limit: string): Fault {
  const what: Fault['what'] = (named) => `${named(path)} is ${describe(given)}: ${limit}`;
  return fault('value-out-of-range', path, what, CORRECT);
}

/** An invalid value; one that may be a password is not repeated. */
function invalid(path: Path, given: unknown, must: string): Fault {
  const value = path.includes('password') ? '' : ` is ${describe(given)}`;
  return fault('value-invalid', path, (named) => `${named(path)}${value}: it ${must}`, CORRECT);
}

function unknownKey(path: Path, known: readonly string[]): Fault {
  const typed = String(path.at(-1));
  const around = path.length === 1 ? 'the fields are' : `fields of ${nameOf(path.slice(0, -1))}`;
  const next = `${didYouMean(typed, known)}${around}: ${known.join(', ')}`;
  const what: Fault['what'] = (named) => `no such field: ${named(path)}`;
  return { ...fault('unknown-field', path, what, next), suggestion: nearestOf(typed, known) };
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
function describe(value: unknown): string {
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
  return issue.message === '' ? `it must be ${word} ${limit}${unit}` : `it ${issue.message}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** `did you mean X? `, or nothing if no name is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const nearest = nearestOf(typed, names);
  return nearest === undefined ? '' : `did you mean ${nearest}? `;
}
