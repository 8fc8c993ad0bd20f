/**
 * What the customised tree depends on, as inputs of its stage. Contents and secrets count by their digests.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { disksOf } from '../definition/disks.js';
import type { MachineConfig } from '../definition/machine.js';
import { digestInputs, type Inputs } from '../stages/build-state.js';
import { PROGRAMS } from './disks/disks.js';
import { describeKey } from './repository-keys.js';
import { machineFiles } from './system-files.js';

/** `definition`: a digest of the definition's files, which counts if its functions are run. */
export function customiseInputs(machine: MachineConfig, definition: string): Inputs {
  const { hostname, files, users, locale, locales, keyboard, timezone, services, ramVolumes } = machine;
  const { mounts, swap, persist } = machine;
  const disks = disksOf(machine).length > 0;
  // Those at `images` run after everything is built.
  const hooks = machine.hooks.filter(({ at }) => at !== 'images');
  return {
    hostname,
    files: digestInputs(machineFiles(machine, describeKey)).slice(0, 20),
    ...some("definition's files", Object.keys(files).length > 0, () => digestOf(files, contentOf(files))),
    ...some('users', Object.keys(users).length > 0, () => digestOf(users, secretsOf(users))),
    locale: JSON.stringify([locale, locales, keyboard, timezone]),
    services: JSON.stringify(services),
    ...some('saving by itself', persist.auto !== false, () => 'on'),
    ...some('volumes', Object.values(ramVolumes).some(Boolean), () => digestOf(ramVolumes, [])),
    ...some('disks', disks, () => digestOf([mounts, swap], [PROGRAMS])),
    ...some('hooks', hooks.length > 0, () => hooksDigest(hooks, definition)),
  };
}

function some(name: string, there: boolean, value: () => string): Inputs {
  return there ? { [name]: value() } : {};
}

function digestOf(said: unknown, contents: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(said));
  for (const path of contents) hashPath(hash, path);
  return hash.digest('hex').slice(0, 20);
}

function contentOf(files: MachineConfig['files']): string[] {
  return Object.values(files).flatMap((file) =>
    typeof file === 'object' && 'from' in file ? [file.from] : [],
  );
}

function secretsOf(users: MachineConfig['users']): string[] {
  return Object.values(users).flatMap(({ password, authorizedKeys }) => [
    ...(typeof password === 'object' && 'hashFile' in password ? [password.hashFile] : []),
    ...authorizedKeys.flatMap((key) => (typeof key === 'object' ? [key.file] : [])),
  ]);
}

function hooksDigest(hooks: MachineConfig['hooks'], definition: string): string {
  const said = hooks.map((hook) => [
    hook.at,
    hook.on,
    typeof hook.run === 'function' ? `${definition} ${hook.run}` : hook.run,
  ]);
  const scripts = hooks.flatMap(({ run }) => (typeof run === 'object' ? [run.script] : []));
  return digestOf(said, scripts);
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
