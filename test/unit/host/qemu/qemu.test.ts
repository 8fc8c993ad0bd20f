import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownQemuFault, type Machine, qemuCommand } from '../../../../src/host/tools/qemu.js';

const MACHINE: Machine = {
  accel: 'tcg',
  memoryMiB: 2048,
  cpus: 2,
  kernel: 'out/vmlinuz',
  initrd: 'out/initramfs.cpio.zst',
  append: 'console=ttyS0 quiet',
  disks: [
    { file: 'out/disk.img', format: 'raw', serial: 'mkma' },
    { file: 'a,b.tar', format: 'raw', readonly: true, serial: 'mkma-test' },
  ],
  serials: [{ to: 'terminal' }, { to: 'file', file: 'answers' }],
  display: 'none',
};

/** The word after an option, for each time it is given. */
function values(machine: Machine, option: string): string[] {
  const { args } = qemuCommand(machine);
  return args.flatMap((arg, i) => (arg === option ? [args[i + 1] ?? ''] : []));
}

test('a machine becomes a QEMU command line', () => {
  assert.equal(qemuCommand(MACHINE).file, 'qemu-system-x86_64');
  assert.deepEqual(values(MACHINE, '-accel'), ['tcg']);
  assert.deepEqual(values(MACHINE, '-m'), ['2048']);
  assert.deepEqual(values(MACHINE, '-smp'), ['2']);
  assert.deepEqual(values(MACHINE, '-kernel'), ['out/vmlinuz']);
  assert.deepEqual(values(MACHINE, '-initrd'), ['out/initramfs.cpio.zst']);
  assert.deepEqual(values(MACHINE, '-append'), ['console=ttyS0 quiet']);
  assert.deepEqual(values(MACHINE, '-serial'), ['mon:stdio', 'file:answers']);
  assert.deepEqual(values(MACHINE, '-display'), ['none']);
});

test('the machine has no network and ends where it would reboot', () => {
  assert.deepEqual(values(MACHINE, '-nic'), ['none']);
  assert.ok(qemuCommand(MACHINE).args.includes('-nodefaults'));
  assert.ok(qemuCommand(MACHINE).args.includes('-no-reboot'));
});

test('disks are raw, found by their serial, and read-only where asked; commas in names are doubled', () => {
  assert.deepEqual(values(MACHINE, '-drive'), [
    'if=none,id=disk0,format=raw,file=out/disk.img',
    'if=none,id=disk1,format=raw,file=a,,b.tar,readonly=on',
  ]);
  const disks = values(MACHINE, '-device').filter((device) => device.startsWith('virtio-blk'));
  assert.deepEqual(disks, [
    'virtio-blk-pci,drive=disk0,serial=mkma',
    'virtio-blk-pci,drive=disk1,serial=mkma-test',
  ]);
});

test('KVM gets the processor of the host, TCG the plain one', () => {
  assert.deepEqual(values({ ...MACHINE, accel: 'kvm' }, '-cpu'), ['host']);
  assert.deepEqual(values(MACHINE, '-cpu'), []);
});

test('a window needs a graphics card', () => {
  assert.deepEqual(values({ ...MACHINE, display: 'gtk' }, '-vga'), ['std']);
  assert.deepEqual(values(MACHINE, '-vga'), []);
});

test("QEMU's known complaints are told with a way out; others are left alone", () => {
  const lock =
    'qemu-system-x86_64: -drive ...: Failed to get "write" lock\nIs another process using the image';
  assert.match(knownQemuFault(lock)?.why ?? '', /another virtual machine/);
  const gtk = "qemu-system-x86_64: Display 'gtk' is not available.";
  assert.match(knownQemuFault(gtk)?.next ?? '', /qemu-system-gui/);
  const memory = "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory";
  assert.match(knownQemuFault(memory)?.next ?? '', /--memory/);
  assert.equal(knownQemuFault('qemu-system-x86_64: something else'), undefined);
});
