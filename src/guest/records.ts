/** Reads accounts and dpkg's database from folders, for core/records/. */
import {
  comparable,
  isPlain,
  NAME_FILES,
  NO_FILE,
  parseNames,
  RECORD_FILES,
  type RecordState,
} from '../core/records/records.js';
import { must } from './must.js';
import type { GuestSystem } from './system.js';

/** Digests of files, by their paths in a tree; two programs, however many files. */
export function digestFiles(machine: GuestSystem, files: ReadonlyMap<string, string>): Map<string, string> {
  const plain = [...files].filter(([path]) => isPlain(path));
  const digests = new Map<string, string>();
  if (plain.length > 0) {
    const sums = must(machine, ['sha256sum', '--', ...plain.map(([, file]) => file)])
      .trimEnd()
      .split('\n');
    // A backslash before it means that the name that follows is escaped.
    for (const [i, [path]] of plain.entries()) digests.set(path, sumOf(sums[i]));
  }
  for (const [path, file] of files) {
    if (isPlain(path)) continue;
    digests.set(path, digestOf(machine, path, machine.readText(file) ?? ''));
  }
  return digests;
}

/** The digest of such a file with this content. */
export function digestOf(machine: GuestSystem, path: string, content: string): string {
  return sumOf(must(machine, ['sha256sum'], { input: comparable(path, content) }));
}

/** The digest in a line of sha256sum(1). */
export function sumOf(line = ''): string {
  const sum = /^\\?([0-9a-f]{64})\b/.exec(line)?.[1];
  if (sum === undefined) throw new Error(`sha256sum printed ${JSON.stringify(line)}`);
  return sum;
}

/** Names of users and groups from these files, if they are among them. */
export function namesIn(
  machine: GuestSystem,
  files: ReadonlyMap<string, string>,
): Pick<RecordState, 'users' | 'groups'> {
  const names = (file: string | undefined) =>
    file === undefined ? undefined : parseNames(machine.readText(file) ?? '');
  const [users, groups] = [names(files.get(NAME_FILES.users)), names(files.get(NAME_FILES.groups))];
  return { ...(users === undefined ? {} : { users }), ...(groups === undefined ? {} : { groups }) };
}

/**
 * The records of an unpacked image without any in its manifest: of a base all of them, of a layer those that
 * it contains, or hides by something else in their place or in that of a folder of theirs, or by an `opaque`
 * folder.
 */
export function recordsIn(
  machine: GuestSystem,
  folder: string,
  kind: 'base' | 'layer',
  opaque: readonly string[] = [],
): RecordState {
  const files: Record<string, string | null> = {};
  const found = new Map<string, string>();
  for (const path of RECORD_FILES) {
    const there = lookAt(machine, folder, path, opaque);
    if (there === 'file') found.set(path, `${folder}/${path}`);
    else if (there === 'other') files[path] = NO_FILE;
    else if (there === 'hidden' || kind === 'base') files[path] = null;
  }
  for (const [path, digest] of digestFiles(machine, found)) files[path] = digest;
  return { files, ...namesIn(machine, found) };
}

/** What an unpacked image has at a path, which it may hide by a folder above. */
export function lookAt(
  machine: GuestSystem,
  folder: string,
  path: string,
  opaque: readonly string[] = [],
): 'file' | 'other' | 'hidden' | 'absent' {
  const parts = path.split('/');
  let hidden = false;
  for (let i = 1; i < parts.length; i++) {
    const above = parts.slice(0, i).join('/');
    if (machine.readlink(`${folder}/${above}`) !== undefined) return 'hidden';
    const info = machine.info(`${folder}/${above}`);
    if (info === undefined) return hidden ? 'hidden' : 'absent';
    if (info.kind !== 'directory') return 'hidden';
    hidden ||= opaque.includes(above);
  }
  if (machine.readlink(`${folder}/${path}`) !== undefined) return 'other';
  const info = machine.info(`${folder}/${path}`);
  if (info === undefined) return hidden ? 'hidden' : 'absent';
  if (info.kind === 'file') return 'file';
  // A whiteout is a character device; a folder in their place is something else.
  return info.kind === 'other' ? 'hidden' : 'other';
}
