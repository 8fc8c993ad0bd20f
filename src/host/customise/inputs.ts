/**
 * What the customised tree depends on, as inputs of its stage. Contents and secrets count by their digests.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { disksOf } from '../definition/disks.js';
import { nameOf } from '../definition/issues.js';
import type { MachineConfig } from '../definition/machine.js';
import type { Inputs } from '../stages/build-state.js';
import { itemInputs } from '../stages/differences.js';
import { PROGRAMS } from './disks/disks.js';
import { describeKey } from './repository-keys.js';
import { machineFiles } from './system-files.js';

/** `definition`: a digest of the definition's files, which counts if its functions are run. */
export function customiseInputs(machine: MachineConfig, definition: string): Inputs {
  const { hostname, files, users, locale, locales, keyboard, timezone, services, ramVolumes } = machine;
  const { mounts, swap, persist } = machine;
  const disks = disksOf(machine).length > 0;
  return {
    hostname,
    ...itemInputs(
      'files',
      mapped(machineFiles(machine, describeKey), (text) => digestOf(text, [])),
    ),
    ...itemInputs(
      "definition's files",
      mapped(files, (file) => digestOf(file, contentOf(file))),
    ),
    ...itemInputs(
      'users',
      mapped(users, (user) => digestOf(user, secretsOf(user))),
    ),
    locale,
    locales: locales.join(' '),
    keyboard: JSON.stringify(keyboard ?? ''),
    timezone,
    ...servicesInputs(services),
    ...some('saving by itself', persist.auto !== false, () => 'on'),
    ...itemInputs(
      'volumes',
      mapped(ramVolumes, (volume) => digestOf(volume, [])),
    ),
    ...some('disks', disks, () => digestOf([mounts, swap], [PROGRAMS])),
    ...itemInputs('hooks', hooksInputs(machine.hooks, definition)),
  };
}

function servicesInputs({ enable, disable, mask }: MachineConfig['services']): Inputs {
  return {
    'services enabled': enable.join(' '),
    'services disabled': disable.join(' '),
    'services masked': mask.join(' '),
  };
}

function mapped<T>(
  record: Readonly<Record<string, T>>,
  digest: (value: T) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, digest(value)]));
}

function some(name: string, there: boolean, value: () => string): Inputs {
  return there ? { [name]: value() } : {};
}

function digestOf(said: unknown, contents: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(said));
  for (const path of contents) hashPath(hash, path);
  return hash.digest('hex').slice(0, 20);
}

function contentOf(file: MachineConfig['files'][string]): string[] {
  return typeof file === 'object' && 'from' in file ? [file.from] : [];
}

function secretsOf({ password, authorizedKeys }: MachineConfig['users'][string]): string[] {
  return [
    ...(typeof password === 'object' && 'hashFile' in password ? [password.hashFile] : []),
    ...authorizedKeys.flatMap((key) => (typeof key === 'object' ? [key.file] : [])),
  ];
}

/** Each hook by its place in the definition. Those at `images` run after everything is built. */
function hooksInputs(hooks: MachineConfig['hooks'], definition: string): Record<string, string> {
  const all = hooks.map(({ at, on, run }, i): [string, string] => {
    const said = typeof run === 'function' ? `${definition} ${run}` : run;
    return [nameOf(['hooks', i]), digestOf([at, on, said], typeof run === 'object' ? [run.script] : [])];
  });
  return Object.fromEntries(all.filter((_, i) => hooks[i]?.at !== 'images'));
}

/** Adds a file, or a folder with everything in it: names, modes and contents. */
export function hashPath(hash: Hash, path: string, name = ''): void {
  // The named path itself is followed.
  const info = name === '' ? statSync(path) : lstatSync(path);
  hash.update(JSON.stringify([name, info.mode, info.isFile() ? info.size : 0]));
  if (info.isSymbolicLink()) hash.update(readlinkSync(path));
  else if (info.isDirectory()) {
    for (const inner of readdirSync(path).sort()) hashPath(hash, join(path, inner), `${name}/${inner}`);
  } else if (info.isFile()) hashFile(hash, path);
}

/** In pieces: what is copied into an image may be large. */
function hashFile(hash: Hash, path: string): void {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(2 ** 20);
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) hash.update(buffer.subarray(0, n));
  } finally {
    closeSync(fd);
  }
}
