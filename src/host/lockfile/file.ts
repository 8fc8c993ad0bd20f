/** Reads and writes `mkma.lock`. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import type { Owner } from '../sys/files.js';
import { writeFileWhole } from '../sys/files.js';
import { type Lockfile, lockSchema, renderLock } from './schema.js';

/** The name of the file. */
const LOCK_NAME = 'mkma.lock';

/** Where the lock of a definition lies: beside it; for a preset, in the current folder. */
export function lockPath(definition: string | undefined): string {
  return definition === undefined ? resolve(LOCK_NAME) : join(dirname(definition), LOCK_NAME);
}

/** Reads it; `undefined`: there is none. */
export function readLock(path: string): Result<Lockfile | undefined> {
  if (!existsSync(path)) return ok(undefined);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'the lock is not valid JSON' : 'cannot read the lock';
    return damaged(path, what, (cause as Error).message);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format !== lockSchema.shape.format.value) {
    return usage({
      ...{ code: 'lock-format', what: 'this mkma cannot read the lock', where: path },
      why: `it has the format ${format}, this mkma knows ${lockSchema.shape.format.value}`,
      next: 'use the mkma that wrote it, or write it again: mkma lock --update',
    });
  }
  const parsed = lockSchema.safeParse(value);
  if (!parsed.success) {
    const shown = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${placeOf(issue.path, value)}: ${issue.message}`);
    return damaged(path, 'the lock has been damaged', shown.join('\n'));
  }
  const wrong = contradiction(parsed.data);
  return wrong === undefined ? ok(parsed.data) : damaged(path, 'the lock contradicts itself', wrong);
}

/** Replaces the file whole; returns whether its content changed. */
export function writeLock(path: string, lock: Lockfile, owner?: Owner): boolean {
  const text = renderLock(lock);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  writeFileWhole(path, text, owner);
  return true;
}

function damaged(where: string, what: string, why: string): Result<never> {
  return usage({
    ...{ code: 'lock-invalid', what, where, why },
    next: 'take the file from version control, or write it again: mkma lock --update',
  });
}

/** The place of an error, with the package's name where it is one's. */
function placeOf(path: readonly PropertyKey[], value: unknown): string {
  const [first, index, ...rest] = path;
  if (first !== 'packages' || typeof index !== 'number') return path.map(String).join('.') || 'the file';
  const { name } = (value as { packages: { name?: unknown }[] }).packages[index] ?? {};
  return ['package', typeof name === 'string' ? name : `number ${index + 1}`, ...rest.map(String)].join(' ');
}

/** What makes an edited lock impossible: a package of two versions in a part, or of a part that it lacks. */
function contradiction({ packages, parts }: Lockfile): string | undefined {
  const known = new Set(parts.map(({ name }) => name));
  const seen = new Map<string, string>();
  for (const { name, arch, version, parts: users } of packages) {
    for (const part of users) {
      if (!known.has(part))
        return `package ${name} belongs to the part ${part}, which the lock does not have`;
      const key = `${part} ${name} ${arch}`;
      const other = seen.get(key);
      if (other !== undefined)
        return `package ${name} has two versions in the part ${part}: ${other}, ${version}`;
      seen.set(key, version);
    }
  }
  return undefined;
}
