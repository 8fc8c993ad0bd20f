import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceNode, instanceName, normalDevice, unitOfPath } from '../../../../src/host/tools/unit-name.js';

test("units of paths, as systemd-escape of trixie's systemd 257 prints them", () => {
  // systemd-escape --path --suffix=mount PATH
  const expected: readonly [string, string][] = [
    ['/', '-.mount'],
    ['/srv/data', 'srv-data.mount'],
    ['/srv/my data', 'srv-my\\x20data.mount'],
    ['/srv/a-b', 'srv-a\\x2db.mount'],
    ['/home/ada/.cache', 'home-ada-.cache.mount'],
    ['/.hidden', '\\x2ehidden.mount'],
    ['/srv/ä', 'srv-\\xc3\\xa4.mount'],
  ];
  for (const [path, unit] of expected) assert.equal(unitOfPath(path, 'mount'), unit);
  assert.equal(
    unitOfPath('/dev/disk/by-label/my\\x20disk', 'swap'),
    'dev-disk-by\\x2dlabel-my\\x5cx20disk.swap',
  );
  assert.equal(instanceName('srv-a+b'), 'srv\\x2da\\x2bb');
});

test('devices as udev links them', () => {
  assert.equal(deviceNode('LABEL=my disk'), '/dev/disk/by-label/my\\x20disk');
  assert.equal(deviceNode('PARTLABEL=a/b'), '/dev/disk/by-partlabel/a\\x2fb');
  assert.equal(deviceNode('LABEL=Ähre'), '/dev/disk/by-label/Ähre');
  assert.equal(deviceNode('PARTUUID=0a-01'), '/dev/disk/by-partuuid/0a-01');
  assert.equal(deviceNode('/dev/sda'), '/dev/sda');
});

test('letters of UUIDs are those of udev: lower case, but for FAT and NTFS', () => {
  const long = 'AAAAAAAA-bbbb-4333-8444-555555555555';
  assert.equal(normalDevice(`UUID=${long}`), `UUID=${long.toLowerCase()}`);
  assert.equal(normalDevice(`PARTUUID=${long}`), `PARTUUID=${long.toLowerCase()}`);
  assert.equal(normalDevice('UUID=12ab-cdef'), 'UUID=12AB-CDEF');
  assert.equal(normalDevice('UUID=0123456789abcdef'), 'UUID=0123456789ABCDEF');
  // Dates of ISO 9660, and what people write.
  assert.equal(normalDevice('UUID=2026-01-31-12-34-56-00'), 'UUID=2026-01-31-12-34-56-00');
  assert.equal(normalDevice('LABEL=Mixed'), 'LABEL=Mixed');
});
