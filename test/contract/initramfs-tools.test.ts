/** What early boot calls has to be in the initramfs: programs and applets are listed on the host's side. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { INIT_FAILED, INITRAMFS, PARAM } from '../../src/core/contract.js';
import { HANDOVER } from '../../src/guest/init/folders.js';
import { APPLETS, GENERIC_MODULES, PROGRAMS } from '../../src/host/initramfs/contents.js';
import { storagePrograms } from '../../src/host/initramfs/storage.js';

const GUEST = new URL('../../guest/', import.meta.url);
const STUB = fileURLToPath(new URL('init.sh', GUEST));
const stub = readFileSync(STUB, 'utf8');
const program = readFileSync(new URL('init.js', GUEST), 'utf8');

const available = new Set([
  ...APPLETS,
  ...[...PROGRAMS, ...storagePrograms(['luks', 'lvm'])]
    .flatMap(({ path, links }) => [path, ...(links ?? [])])
    .map((path) => basename(path)),
]);

test('every program that init starts is in the initramfs', () => {
  // An argv is written as an array that begins with the program's name.
  const started = [
    ...program.matchAll(/(?:run|must|ask|exec|push|drop)\((?:machine\d*, )?\[\s*"([a-z0-9_]+)"/g),
  ].map((m) => m[1]);
  const parts = [...program.matchAll(/(?:^\s*|= )\["(dd|zstd|cpio|bsdtar|sh)",/gm)].map((m) => m[1]);
  const names = new Set([...started, ...parts] as string[]);
  for (const known of ['blkid', 'modprobe', 'mount', 'umount', 'stat', 'setsid', 'sha256sum', 'dd', 'zstd']) {
    assert.ok(names.has(known), `${known} is started, but this test does not see it`);
  }
  for (const name of [...names, 'bsdtar', 'cpio', 'cat', 'cttyhack', 'sh'])
    assert.ok(available.has(name), name);
});

test('every program that the stub starts is in the initramfs', () => {
  for (const name of [
    'mkdir',
    'mount',
    'cat',
    'sleep',
    'reboot',
    'rm',
    'qjs',
    'switch_root',
    'setsid',
    'cttyhack',
    'sh',
  ]) {
    assert.match(stub, new RegExp(`\\b${name}\\b`));
    assert.ok(available.has(name), name);
  }
});

test('the stub is a valid script and uses the names of the contract', () => {
  execFileSync('sh', ['-n', STUB]);
  assert.ok(stub.includes(`echo "${INIT_FAILED} start"`));
  assert.ok(stub.includes(`qjs -m /${INITRAMFS.program}`));
  assert.ok(stub.includes(`<${HANDOVER}`));
  const told = /TOLD = (\d+)/.exec(program)?.[1];
  assert.ok(
    told !== undefined && stub.includes(`[ $code != ${told} ]`),
    'both know the exit code of a told failure',
  );
});

test('the program is one file that needs QuickJS alone', () => {
  const imports = [...program.matchAll(/^import .* from "([^"]+)";$/gm)].map((match) => match[1]);
  assert.deepEqual([...new Set(imports)].sort(), ['os', 'std']);
  assert.ok(program.includes(PARAM.device));
});

test('busybox itself is never linked to, and nothing is listed twice', () => {
  assert.ok(!APPLETS.includes('busybox'));
  assert.equal(new Set(APPLETS).size, APPLETS.length);
  const modules = GENERIC_MODULES;
  for (const needed of ['nvme', 'usb_storage', 'virtio_blk', 'ext4', 'overlay'])
    assert.ok(modules.includes(needed));
});
