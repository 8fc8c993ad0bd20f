/** `mkma layers` under real QuickJS: layers on a loop device, loaded as early boot does. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import type { BootRecord } from '../../src/core/boot/record.js';
import { layerFileName } from '../../src/core/set/layer-names.js';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { Stock, stockUp } from './layers-stock.js';
import { type Ended, TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const folder = temporary();
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: folder.path },
  ...{ storageBytes: 24 * 2 ** 20, ramBytes: 2 ** 30 },
});
mkdirSync(join(folder.path, 'stock'));
const stock = new Stock(join(folder.path, 'stock'));
const ids = await stockUp(stock);
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});

const FIRST = '20260101_000000_first';
const SECOND = '20260102_000000_second';

const layers = (...args: string[]): Ended => machine.mkma(['layers', ...args]);

/** What a verb prints, as it went well. */
function told(...args: string[]): string {
  const { code, stdout, stderr } = layers(...args);
  assert.deepEqual([code, stderr], [0, ''], stdout);
  return stdout;
}

/** What a verb complains of; the folder of the images stays as it was. */
function refused(expected: number, ...args: string[]): string {
  const before = machine.files();
  const { code, stdout, stderr } = layers(...args);
  assert.deepEqual([code, stdout], [expected, ''], stderr);
  assert.deepEqual(machine.files(), before);
  return stderr;
}

/** The stock on the storage, and a boot of it whose record tells the ids, as early boot's does. */
beforeEach(() => {
  machine.newBase((root) =>
    cpSync(join(folder.path, 'stock/tree0'), root, { recursive: true, verbatimSymlinks: true }),
  );
  machine.onStorage((storage) => {
    for (const name of readdirSync(stock.images))
      cpSync(join(stock.images, name), join(storage, 'images', name));
  });
  machine.boot();
  const file = join(machine.root, 'run/mkma/boot.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as BootRecord;
  const known = new Map([
    [undefined, ids.base],
    [FIRST, ids.first],
    [SECOND, ids.second],
  ]);
  const images = record.images.map((image) => {
    const id = known.get(image.layer);
    const { id: _, ...plain } = image;
    const own = layerFileName(image.layer ?? '');
    const bytes = id === undefined ? statSync(join(stock.images, own)).size : image.bytes;
    return id === undefined ? { ...plain, bytes } : { ...image, id };
  });
  writeFileSync(file, JSON.stringify({ ...record, images }));
});

test('list: what lies there, whether it is part of this boot, and what that takes', () => {
  const { base, layers: listed } = JSON.parse(told('list', '--json'));
  assert.deepEqual([base.applied, base.id, base.verified], [true, ids.base, true]);
  assert.deepEqual(
    listed.map((one: Record<string, unknown>) => [one.name, one.applied, one.verified, one.deletions]),
    [
      [FIRST, true, true, 0],
      [SECOND, true, true, 2],
      ['hand', true, false, undefined],
    ],
  );
  // Only the record of this boot knows what an archive without a manifest takes.
  assert.match(told('list'), /\nhand +- +\d+ B +4\.00 KiB +- +- {2}applied, unverified\n/);
});

test('show, as on the host', () => {
  const text = told('show', SECOND);
  assert.match(
    text,
    /\ndeleted +\/etc\/motd\ndrwxr-xr-x +0:0 +- +2026-01-02 03:04:05 {2}\/etc\/new {2}\(opaque\)\n/,
  );
  assert.match(text, /\n-rw-r--r-- +0:0 +4 .* \/etc\/new\/y\n-rw-r--r-- +0:0 +4 .* \/etc\/new\/z\n/);
  assert.match(text, /4 files, 4 folders, 2 deletions, 1 opaque folder, 12\.0 KiB in RAM\n$/);
});

test('diff compares contents where both are unpacked, and says where it cannot', () => {
  const text = told('diff', FIRST, SECOND);
  assert.match(text, /^--- 2026.*_first\n\+\+\+ 2026.*_second\n~ {2}differs +\/etc\/hosts: content\n/);
  assert.match(text, /\n9 differences, 3 the same\n$/);
  told('disable', FIRST);
  const blind = told('diff', FIRST, SECOND);
  assert.doesNotMatch(blind, /etc\/hosts/);
  assert.match(
    blind,
    /\n8 differences, 4 the same; 2 files of the same size not read: their contents may differ\n$/,
  );
});

test('blame: the layers of this boot, one that came later, and what changed since', () => {
  const text = told('blame', 'etc/new/x');
  assert.match(
    text,
    /^\* {2}20260102_000000_second +hides everything below it in \/etc\/new\n {3}20260101_000000_first +-rw/,
  );
  assert.match(
    told('blame', '/srv/link/foo'),
    /base has a symbolic link to \.\.\/etc\/hosts at \/srv\/link\n$/,
  );
  writeFileSync(join(machine.merged, 'etc/issue'), 'new');
  const changed = told('blame', '/etc/issue');
  assert.match(changed, /^\* {2}fresh \(since boot\) +-rw-r--r-- +12:34 +3 .*\n/);
  assert.match(changed, /\/etc\/issue comes from fresh \(since boot\)\n$/);
  rmSync(join(machine.merged, 'etc/issue'));
  assert.match(told('blame', '/etc/issue'), /does not exist: fresh \(since boot\) deletes it\n$/);
  machine.onStorage((storage) => cpSync(stock.file(FIRST), join(storage, 'images', layerFileName('later'))));
  renameSync(join(machine.merged, 'etc/new'), join(machine.merged, 'srv/moved'));
  assert.match(told('blame', '/srv/moved/y'), /\/srv\/moved\/y comes from fresh \(since boot\)\n$/);
  assert.match(told('blame', '/etc/new/x'), /does not exist: fresh \(since boot\) deletes \/etc\/new\n$/);
  renameSync(join(machine.merged, 'srv/moved'), join(machine.merged, 'etc/new'));
  const later = JSON.parse(told('blame', '/etc/new/x', '--json'));
  assert.deepEqual(
    later.verdicts.map((one: Record<string, unknown>) => [one.image, one.decides, one.entry !== undefined]),
    [
      ['later', true, true],
      [SECOND, false, false],
      [FIRST, false, true],
    ],
  );
  assert.match(
    refused(1, 'blame', '/nope'),
    /^error: no image contains this path: \/nope \[path-in-no-image\]\n/,
  );
});

test('verify: whole layers, and damaged ones of every kind', () => {
  const whole = told('verify', 'base', SECOND, 'hand');
  assert.equal(
    whole,
    `base: verified\n${SECOND}: verified\nhand: complete; unverified: it has no manifest\n`,
  );
  machine.onStorage((storage) => {
    const at = (name: string): string => join(storage, 'images', layerFileName(name));
    const bytes = readFileSync(at(SECOND));
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
    writeFileSync(at(SECOND), bytes);
    truncateSync(at(FIRST), 300);
    truncateSync(at('hand'), 100);
    mkdirSync(at('odd'));
  });
  const { code, stdout, stderr } = layers('verify');
  assert.equal(code, 1);
  assert.match(
    stdout,
    /20260101_000000_first: DAMAGED\n {2}the image is damaged: .*\n {4}why: its end is missing/,
  );
  assert.match(
    stdout,
    /20260102_000000_second: DAMAGED\n {2}.*\n {4}why: segment 1 of \d+ \(bytes 16 to \d+\) does not match/,
  );
  assert.match(
    stdout,
    /hand: DAMAGED\n {2}cannot read the image: .*\n {4}why: persistence\.hand\.cpio\.zst.*premature end/,
  );
  assert.match(
    stdout,
    /odd: DAMAGED\n {2}cannot read the image: .*\n {4}why: it cannot be opened, or is not a regular file/,
  );
  assert.match(
    stderr,
    /^error: 4 of 4 images failed verification: 2026.*, odd \[images-unreliable\]\n {2}why: .*\n {2}next: /,
  );
  const json = layers('verify', 'hand', '--json');
  assert.equal(json.code, 1);
  assert.equal(JSON.parse(json.stdout).images[0].state, 'damaged');
});

test('disable, enable, drop: on the storage, and refused where a layer depends on it', () => {
  const file = layerFileName(FIRST);
  assert.match(
    told('disable', file),
    /disabled .* \(renamed to .*\.disabled\); .*\nwarning: .*_second: made after .*, which is disabled\n$/,
  );
  assert.ok(machine.files().includes(`${file}.disabled`) && !machine.files().includes(file));
  assert.match(refused(1, 'disable', FIRST), /^error: the layer is already disabled: /);
  assert.match(told('list'), /_first .* applied, disabled\n/);
  told('enable', FIRST);
  assert.ok(machine.files().includes(file));
  assert.match(
    refused(1, 'drop', FIRST),
    /^error: another layer was made after this one: .*\n {2}why: .*_second depends on it: 9 entries below it would/,
  );
  const { action, warnings } = JSON.parse(told('drop', FIRST, '--force', '--json'));
  assert.deepEqual([action, warnings.length], ['drop', 1]);
  assert.ok(!machine.files().includes(file));
  assert.match(refused(2, 'drop', 'secnd'), /did you mean 20260102_000000_second\? /);
});

test('what is typed wrong: exit code 2, and what to do', () => {
  assert.match(refused(2, 'show'), /^error: Expected argument for name \[arguments-invalid\]\n/);
  assert.match(
    refused(2, 'shwo'),
    /^error: unknown command 'shwo' \[unknown-command\]\n {2}next: did you mean show\?/,
  );
  assert.match(refused(2, 'blame', '../x'), /^error: invalid path: \.\.\/x \[path-invalid\]\n/);
  const none = layers();
  assert.deepEqual([none.code, none.stderr.split('\n')[0]], [2, 'error: no command was given [no-command]']);
});

test('nothing is left mounted, and only root may look', () => {
  const mounts = execFileSync('sh', ['-c', 'grep -c run/mkma/storage /proc/self/mounts || :'], {
    encoding: 'utf8',
  });
  assert.equal(mounts, '0\n');
  const argv = ['--userspec=1234:1234', machine.root, '/usr/bin/mkma', 'layers', 'list'];
  const { status, stderr } = spawnSync('chroot', argv, { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^error: only root can inspect layers \[needs-root\]\n/);
});
