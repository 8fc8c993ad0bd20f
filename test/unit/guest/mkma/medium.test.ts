/** What persist finds on the medium before it writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BootRecord, LoadedImage } from '../../../../src/core/boot/record.js';
import type { LayerManifest } from '../../../../src/core/image/manifest.js';
import type { SavedSnapshot } from '../../../../src/core/overlay/snapshot.js';
import {
  checkBudget,
  checkCount,
  checkSameMedium,
  type Medium,
  readMedium,
} from '../../../../src/guest/mkma/persist/medium.js';
import { BASE, EROFS_BASE, erofsFile, imageFile } from '../../core/sample.js';
import { problemOf } from '../../problem.js';
import { FakeMachine } from '../fake-machine.js';
import { RECORD } from './booted.js';

const FOLDER = '/storage';
const ID = { a: `sha256:${'aa'.repeat(32)}`, b: `sha256:${'bb'.repeat(32)}` };

function layer(id: string): LayerManifest {
  return {
    ...BASE,
    kind: 'layer',
    id,
    layer: { base: BASE.id, deletions: [], opaque: [] },
  };
}

/** A machine that runs from the base and the layer `1`; beside them lies `2`, which it does not run from. */
function machineWith(files: Record<string, Uint8Array>, cmdline = ''): FakeMachine {
  const machine = new FakeMachine();
  machine.files.set(FOLDER, { kind: 'directory' });
  machine.files.set('/proc/cmdline', { content: `quiet ${cmdline}` });
  for (const [name, content] of Object.entries(files)) machine.files.set(`${FOLDER}/${name}`, { content });
  return machine;
}

const FILES = {
  'base.cpio.zst': imageFile(BASE),
  'persistence.1.cpio.zst': imageFile(layer(ID.a)),
  'persistence.2.cpio.zst': imageFile(layer(ID.b)),
};
const ONE: LoadedImage = {
  ...{ kind: 'layer', layer: '1', id: ID.a, file: '/img/persistence.1.cpio.zst', verified: true },
  ...{ bytes: 100, unpackedBytes: 4096, seconds: 1 },
};
const BOOT: BootRecord = {
  ...RECORD,
  images: [{ ...(RECORD.images[0] as LoadedImage), id: BASE.id }, ONE],
};

function read(machine: FakeMachine): Medium {
  const medium = readMedium(machine, BOOT, FOLDER);
  assert.ok(medium.ok);
  return medium.value;
}

test('a layer is made after the highest one that this boot has applied or made, not after what else lies there', () => {
  const machine = machineWith(FILES);
  assert.equal(read(machine).after, ID.a);
  const none = {
    seen: 1,
    entries: '',
    deletions: [],
    metadataOnly: [],
    attributes: [],
    records: { files: {} },
  };
  const saved: SavedSnapshot = { layer: '2', id: ID.b, ...none };
  machine.files.set('/run/mkma/snapshots', { kind: 'directory' });
  machine.files.set('/run/mkma/snapshots/2', { content: JSON.stringify(saved) });
  const medium = read(machine);
  assert.equal(medium.after, ID.b);
  assert.deepEqual(medium.saved, [saved]);
  // One that was taken away again counts no more.
  machine.files.delete(`${FOLDER}/persistence.2.cpio.zst`);
  assert.deepEqual([read(machine).after, read(machine).saved], [ID.a, []]);
});

test('the next boot is counted as this boot loader will have it, and a layer that it would not apply is told', () => {
  const names = (machine: FakeMachine): string[] => read(machine).nextBoot.map(({ name }) => name);
  assert.deepEqual(names(machineWith(FILES)), ['base', '1', '2']);
  assert.deepEqual(read(machineWith(FILES)).warnings, []);
  assert.equal(read(machineWith(FILES)).takesNew, true);
  assert.deepEqual(names(machineWith(FILES, 'mkma_layers=-2')), ['base', '1']);
  const named = machineWith(FILES, 'mkma_layers=1');
  assert.deepEqual(names(named), ['base', '1']);
  assert.equal(read(named).takesNew, false);
  assert.deepEqual(read(named).warnings, [
    'mkma_layers of this boot lists the layers to apply: boots with the same value leave out the new one',
  ]);
});

test('another base on the medium, and a layer that is gone or disabled, are warned of', () => {
  const { 'persistence.1.cpio.zst': one, ...others } = FILES;
  const base = imageFile({ ...BASE, id: ID.b });
  const disabled = { 'persistence.1.cpio.zst.disabled': one };
  assert.deepEqual(read(machineWith({ ...others, ...disabled, 'base.cpio.zst': base })).warnings, [
    'the base on the medium is not the one this machine runs from: the layer belongs to the latter',
    'the layer 1, which this machine runs from, is missing on the medium or disabled',
  ]);
});

test('a second base on the medium is warned of', () => {
  const other = erofsFile({ ...EROFS_BASE, created: '2025-01-01T00:00:00.000Z' });
  assert.deepEqual(read(machineWith({ ...FILES, 'base.erofs': other })).warnings, [
    'base.erofs is present too and is not used: an older base; remove it',
  ]);
});

test('a folder that cannot be read is told as such', () => {
  const medium = readMedium(new FakeMachine(), BOOT, FOLDER);
  assert.equal(medium.ok ? '' : medium.problem.code, 'storage-unreadable');
});

test('what the next boot would have no room for is refused, with numbers', () => {
  const next = [{ name: 'base', unpackedBytes: 900 * 2 ** 20 }];
  const one = (unpackedBytes: number, names = 0) => checkBudget(BOOT, next, { unpackedBytes, names });
  assert.deepEqual(one(92 * 2 ** 20), { ok: true, value: 992 * 2 ** 20 });
  const refused = one(92 * 2 ** 20 + 1);
  assert.deepEqual(refused.ok ? {} : refused.problem, {
    code: 'ram-too-small',
    what: 'the next boot would not have room for this',
    where: 'mkma_size, 1024 MiB on this machine',
    why: 'the images would take 993 MiB, 93 MiB of them for what you save, and the running system needs 32 MiB',
    next: 'save less, remove a layer, or raise mkma_size in the boot loader and reboot',
  });
  const manyFiles = one(2 ** 20, 500_000);
  assert.deepEqual(manyFiles.ok ? {} : manyFiles.problem, {
    code: 'ram-too-small',
    what: 'the next boot would not have room for this',
    where: 'RAM, of which this boot started with 1400 MiB',
    why: 'the images would take 901 MiB, 1 MiB of them for what you save, and the running system needs 32 MiB; with kernel memory for so many files, that is 22 MiB too much',
    next: 'save less, remove a layer, or give the machine more RAM',
  });
});

/** As many layers, by hand or by mkma, as asked for; `off` more are disabled. */
function layered(count: number, off = 0, cmdline = ''): Medium {
  const one = imageFile(layer(ID.a));
  const files = Array.from({ length: count + off }, (_, i) => [
    `persistence.${String(i).padStart(3, '0')}.cpio.zst${i < count ? '' : '.disabled'}`,
    one,
  ]);
  return read(
    machineWith({ ...Object.fromEntries(files), 'base.cpio.zst': FILES['base.cpio.zst'] }, cmdline),
  );
}

test('the 500th layer is refused before anything is written; a hint at 60, a warning at 200', () => {
  assert.ok(checkCount(layered(498, 3)).ok);
  const { next = '' } = problemOf(checkCount(layered(499)), 'too-many-layers');
  assert.match(next, /mkma layers drop NAME/);
  // Those that the boot loader leaves out do not count; and where it names the layers, it takes no new one.
  assert.ok(checkCount(layered(499, 0, 'mkma_layers=-000')).ok);
  assert.ok(checkCount(layered(499, 0, 'mkma_layers=all,000')).ok === false);
  const many = (count: number) => {
    const { hint, warnings } = layered(count);
    return { hint, warning: warnings.find((line) => line.includes('slows down')) };
  };
  assert.deepEqual(many(59), { hint: undefined, warning: undefined });
  assert.match(many(60).hint ?? '', /^there are 60 layers.*mkma layers merge/);
  assert.match(many(199).hint ?? '', /^there are 199 layers/);
  assert.match(many(200).warning ?? '', /^there are 200 layers.*at most 499: mkma layers merge/);
  assert.equal(many(200).hint, undefined);
});

test('another base, or a snapshot of this boot that is gone, is another medium; a layer of somebody else is not', () => {
  const machine = machineWith(FILES);
  const before = read(machine);
  machine.files.set(`${FOLDER}/persistence.3.cpio.zst`, { content: imageFile(layer(ID.a)) });
  assert.ok(checkSameMedium(before, read(machine)).ok);
  const saved = {
    ...{ layer: '2', id: ID.b, seen: 1, entries: '', deletions: [], metadataOnly: [], attributes: [] },
    records: { files: {} },
  };
  assert.ok(!checkSameMedium({ ...before, saved: [saved] }, before).ok);
  machine.files.set(`${FOLDER}/base.cpio.zst`, { content: imageFile({ ...BASE, id: ID.a }) });
  assert.ok(!checkSameMedium(before, read(machine)).ok);
});
