import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastValue, parseCmdline } from '../../../../src/core/boot/cmdline.js';
import { MAX_CMDLINE, vmCmdline } from '../../../../src/host/qemu/cmdline.js';
import { VM_DISK } from '../../../../src/host/qemu/disk.js';
import { testParameters, testUnit } from '../../../../src/host/qemu/test-unit.js';

const BUILT =
  'mkma_storage_device=UUID=1-2 mkma_images_path=/home/me/images mkma_size=60% console=tty1 quiet\n';

function line(options: Partial<Parameters<typeof vmCmdline>[0]>): string {
  const result = vmCmdline({ built: BUILT, consoles: ['ttyS0'], ...options });
  assert.ok(result.ok);
  return result.value;
}

test('device, path and console become those of the virtual machine, the rest stays', () => {
  assert.equal(
    line({}),
    `mkma_size=60% quiet mkma_storage_device=UUID=${VM_DISK.uuid} mkma_images_path=/mkma console=ttyS0`,
  );
});

test('volumes are opened only where the disks are the real ones', () => {
  const built = `mkma_luks=aa mkma_lvm=vg/lv mkma_key=LABEL=x:/k ${BUILT}`;
  assert.doesNotMatch(line({ built }), /mkma_(luks|lvm|key)/);
  assert.match(line({ built, ownDisks: true }), /^mkma_luks=aa mkma_lvm=vg\/lv mkma_key=LABEL=x:\/k /);
});

test("with disks of the user's own, device and path stay as they were built", () => {
  assert.equal(
    line({ ownDisks: true }),
    'mkma_storage_device=UUID=1-2 mkma_images_path=/home/me/images mkma_size=60% quiet console=ttyS0',
  );
});

test('consoles keep their order', () => {
  assert.match(line({ consoles: ['tty0', 'ttyS0'] }), /console=tty0 console=ttyS0$/);
});

test("the user's words come last and win", () => {
  const parameters = parseCmdline(line({ append: 'mkma_storage_device=LABEL=x foo="a b"' }));
  assert.equal(lastValue(parameters, 'mkma_storage_device'), 'LABEL=x');
  assert.deepEqual(parameters.at(-1), { name: 'foo', value: 'a b' });
  const extra = [{ name: 'mkma_break', value: 'load' }];
  assert.equal(lastValue(parseCmdline(line({ extra, append: 'mkma_break=mount' })), 'mkma_break'), 'mount');
});

test('the longest line that the kernel takes is taken, one byte more is refused by the option', () => {
  const room = MAX_CMDLINE - line({}).length - 1;
  assert.equal(line({ append: 'x'.repeat(room) }).length, MAX_CMDLINE);
  const result = vmCmdline({ built: BUILT, consoles: ['ttyS0'], append: 'x'.repeat(room + 1) });
  assert.ok(!result.ok);
  assert.equal(result.problem.kind, 'usage');
  assert.equal(result.problem.where, '--append');
  assert.match(result.problem.why ?? '', /2048 bytes; the kernel accepts 2047/);
});

test('the test unit travels whole on the command line, with room for words of the user', () => {
  const text = line({ extra: testParameters() });
  assert.ok(text.length < MAX_CMDLINE - 500, `${text.length} bytes`);
  const credential = lastValue(parseCmdline(text), 'systemd.set_credential_binary') ?? '';
  const [name, unit] = credential.split(':');
  assert.equal(name, 'systemd.extra-unit.mkma-test.service');
  assert.equal(Buffer.from(unit ?? '', 'base64').toString(), testUnit());
  assert.equal(lastValue(parseCmdline(text), 'systemd.wants'), 'mkma-test.service');
});
