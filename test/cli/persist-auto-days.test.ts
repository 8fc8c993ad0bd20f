/**
 * A machine that saves by itself for many days: its layers stay few and small, and show what it had. The clock of this host
 * stays: after each day, all layers become a day older, in their names and manifests.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { AUTO_DEFAULTS } from '../../src/core/auto/settings.js';
import { crc32 } from '../../src/core/text/bytes.js';
import { Chance } from './persist/random.js';
import { startMachine } from './persist/started.js';

const DAYS = Number(process.env.MKMA_TEST_DAYS ?? (process.env.MKMA_TEST_LONG === '1' ? 200 : 15));
const DAY = 86_400_000;
/** Files that change, and the bytes of each. */
const FILES = 30;
const BYTES = 4000;

const machine = startMachine(import.meta.url);

/** Makes a layer's file a day older. */
function age(folder: string, file: string): void {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  const start = bytes.lastIndexOf('{"format":');
  const created = bytes.indexOf('"created":"', start) + '"created":"'.length;
  const end = bytes.indexOf('"', created);
  const older = new Date(Date.parse(bytes.toString('latin1', created, end)) - DAY).toISOString();
  assert.equal(older.length, end - created);
  bytes.write(older, created, 'latin1');
  // The length of the frame and the checksum of the JSON come before it (docs/image-format.md).
  const magic = bytes.lastIndexOf('MKMA', start);
  const length = bytes.readUInt32LE(magic - 4) - (start - magic);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, start + length)), start - 4);
  writeFileSync(path, bytes);
  const [stamp = '', ...label] = /^persistence\.(\d{8}_\d{6})(.*)$/.exec(file)?.slice(1) ?? [];
  const moment = stamp.replace(/^(....)(..)(..)_(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6Z');
  const before = new Date(Date.parse(moment) - DAY)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace('T', '_')
    .slice(0, 15);
  renameSync(path, join(folder, `persistence.${before}${label.join('')}`));
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

const layersIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('persistence.'))
    .sort();

test(`${DAYS} days of saving by itself`, (t) => {
  const chance = new Chance(DAYS);
  const expected = new Map<string, string>();
  machine.newBase((root) => {
    mkdirSync(join(root, 'etc'));
    mkdirSync(join(root, 'srv'));
  });
  machine.boot();
  const rules = join(machine.root, 'etc/mkma/persist.rules');
  mkdirSync(dirname(rules), { recursive: true });
  writeFileSync(rules, '[auto]\nevery 1s\n');
  const at = (name: string): string => join(machine.merged, 'srv', name);
  const check = (day: number): void => {
    const found = new Map(
      readdirSync(join(machine.merged, 'srv')).map((name) => [name, digest(readFileSync(at(name)))]),
    );
    assert.deepEqual([...found].sort(), [...expected].sort(), `day ${day}`);
  };
  let most = 0;
  let largest = 0;
  for (let day = 0; day < DAYS; day++) {
    for (let saves = 1 + chance.number(3); saves > 0; saves--) {
      for (let changes = 1 + chance.number(6); changes > 0; changes--) {
        const name = `file-${chance.number(FILES)}`;
        if (chance.number(4) === 0) {
          rmSync(at(name), { force: true });
          expected.delete(name);
        } else {
          const content = chance.bytes(BYTES);
          writeFileSync(at(name), content);
          expected.set(name, digest(content));
        }
      }
      // As if more time had passed.
      rmSync(join(machine.root, 'run/mkma/auto.json'), { force: true });
      // The last of some days is the save at shutdown.
      const done = machine.mkma([
        'persist',
        '--auto',
        ...(saves === 1 && chance.number(2) === 0 ? ['--at-shutdown'] : []),
      ]);
      assert.equal(done.code, 0, done.stdout + done.stderr);
      assert.match(done.stdout, /^(saved|nothing to save)/);
    }
    machine.onStorage((storage) => {
      const folder = join(storage, 'images');
      const files = layersIn(folder);
      most = Math.max(most, files.length);
      largest = Math.max(largest, ...files.map((file) => statSync(join(folder, file)).size));
      for (const file of files) age(folder, file);
    });
    assert.deepEqual(machine.boot(), [], `day ${day}`);
    check(day);
  }
  const { keepRecent, keepDaily, keepWeekly } = AUTO_DEFAULTS;
  t.diagnostic(`at most ${most} layers, the largest ${largest} bytes`);
  assert.ok(most <= keepRecent + keepDaily + keepWeekly + 4, `${most} layers`);
  // No layer has more than all files once, besides its manifest.
  assert.ok(largest < FILES * BYTES + 20_000, `${largest} bytes`);
  if (DAYS > 10) assert.ok(most < DAYS, `${most} layers: nothing was merged`);
});
