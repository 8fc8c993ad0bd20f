import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32 } from '../../../../src/core/text/bytes.js';
import {
  chosenMedium,
  type MediumOptions,
  mediumName,
  refuseWithoutMedium,
} from '../../../../src/host/qemu/medium.js';
import { ext4Offsets, mediumMemoryMiB } from '../../../../src/host/qemu/read-medium.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-medium-'));
after(() => rmSync(folder, { recursive: true }));
const stick = join(folder, 'a stick.raw');
const disc = join(folder, 'disc.ISO');
for (const file of [stick, disc]) writeFileSync(file, '');

test('a medium is a stick, an ISO a disc, unless a bus is named', () => {
  const bus = (options: MediumOptions) => {
    const chosen = chosenMedium({ firmware: 'bios', ...options });
    assert.ok(chosen.ok);
    return chosen.value?.bus;
  };
  assert.equal(bus({ medium: stick }), 'usb');
  assert.equal(bus({ medium: disc }), 'cd');
  assert.equal(bus({ medium: disc, bus: 'nvme' }), 'nvme');
  assert.equal(bus({}), undefined);
});

test('the UEFI variables are forgotten, or cannot be written', () => {
  const writes = (nvram?: 'writable' | 'read-only') => {
    const chosen = chosenMedium({ medium: stick, firmware: 'secure-boot', nvram });
    return chosen.ok ? chosen.value?.writes : undefined;
  };
  assert.equal(writes(), 'discarded');
  assert.equal(writes('writable'), 'discarded');
  assert.equal(writes('read-only'), 'ignored');
});

test('options that do not go with a medium, or need one, are refused', () => {
  const refused: MediumOptions[] = [
    { medium: stick, disk: [] },
    { medium: stick, append: 'quiet' },
    { medium: stick, freshDisk: true },
    { medium: stick, firmware: 'bios', nvram: 'read-only' },
    { nvram: 'writable' },
  ];
  for (const options of refused) {
    const chosen = chosenMedium(options);
    assert.ok(!chosen.ok && chosen.problem.code === 'exclusive-options', JSON.stringify(options));
  }
  for (const options of [{ bus: 'usb' }, { firmware: 'uefi' }] as const) {
    const alone = refuseWithoutMedium(options);
    assert.ok(!alone.ok && alone.problem.code === 'exclusive-options');
    assert.ok(refuseWithoutMedium({ ...options, medium: stick }).ok);
  }
  assert.ok(refuseWithoutMedium({}).ok);
});

test('what is no disk is refused before anything starts', () => {
  for (const medium of [join(folder, 'none.raw'), folder, '/dev/null']) {
    const chosen = chosenMedium({ medium });
    assert.ok(!chosen.ok && chosen.problem.code === 'medium-not-bootable' && chosen.problem.kind === 'usage');
  }
});

test("files about a test have the medium's name, its firmware and its bus", () => {
  const medium = { file: stick, firmware: 'secure-boot', bus: 'usb', writes: 'discarded' } as const;
  assert.equal(mediumName(medium), 'a_stick.raw-secure-boot-usb');
});

/** A disk of 1 MiB with partitions at these sectors, those of `ext4` with a superblock's magic number. */
function disk(partitions: readonly number[], ext4: readonly number[], { entries = 128, size = 128 } = {}) {
  const bytes = new Uint8Array(2 ** 20);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('EFI PART'), 512);
  view.setBigUint64(512 + 72, 2n, true);
  view.setUint32(512 + 80, entries, true);
  view.setUint32(512 + 84, size, true);
  partitions.forEach((sector, i) => {
    bytes.fill(1, 1024 + i * size, 1024 + i * size + 32);
    view.setBigUint64(1024 + i * size + 32, BigInt(sector), true);
    view.setBigUint64(1024 + i * size + 40, BigInt(sector), true);
  });
  view.setUint32(512 + 88, crc32(bytes.subarray(1024, 1024 + entries * size)), true);
  view.setUint32(512 + 16, crc32(bytes.subarray(512, 512 + 92)), true);
  for (const sector of ext4) view.setUint16(sector * 512 + 1024 + 0x38, 0xef53, true);
  return (at: number, length: number): Uint8Array => bytes.subarray(at, at + length);
}

test('ext4 partitions are found by the partition table; a disk without one has none', () => {
  assert.deepEqual(ext4Offsets(disk([100, 200, 4_000_000], [200])), [200 * 512]);
  // Tables of xorriso have other numbers of entries.
  assert.deepEqual(ext4Offsets(disk([100, 200], [200], { entries: 176 })), [200 * 512]);
  assert.deepEqual(ext4Offsets(disk([], [200])), []);
  assert.deepEqual(
    ext4Offsets(() => new Uint8Array(0)),
    [],
  );
});

test('RAM fits the base; for one that cannot be found, most bases', () => {
  assert.equal(mediumMemoryMiB({}), 4096);
  assert.equal(mediumMemoryMiB({ base: 1 }), 2048);
  assert.ok(mediumMemoryMiB({ base: 500 * 2 ** 20 }) > 4096);
});
