import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mediumDisk } from '../../../../src/host/qemu/medium-machine.js';
import { testCredentials } from '../../../../src/host/qemu/test-unit.js';
import { knownQemuFault, qemuCommand, type VmConfig } from '../../../../src/host/tools/qemu.js';
import type { DiskBus, MachineDisk } from '../../../../src/host/tools/qemu-disks.js';

const MACHINE: VmConfig = {
  accel: 'tcg',
  memoryMiB: 2048,
  cpus: 2,
  start: {
    by: 'kernel',
    kernel: 'out/vmlinuz',
    initrd: 'out/initramfs.cpio.zst',
    append: 'console=ttyS0 quiet',
  },
  bus: 'virtio',
  disks: [
    { file: 'out/disk.img', format: 'raw', serial: 'mkma' },
    { file: 'a,b.tar', format: 'raw', readonly: true, serial: 'mkma-test' },
  ],
  serials: [{ to: 'terminal' }, { to: 'file', file: 'answers' }],
  display: 'none',
};

/** The word after an option, for each time it is given. */
function values(machine: VmConfig, option: string): string[] {
  const { args } = qemuCommand(machine);
  return args.flatMap((arg, i) => (arg === option ? [args[i + 1] ?? ''] : []));
}

test('a machine becomes a QEMU command line', () => {
  assert.equal(qemuCommand(MACHINE).file, 'qemu-system-x86_64');
  assert.deepEqual(values(MACHINE, '-accel'), ['tcg,thread=single']);
  assert.deepEqual(values(MACHINE, '-m'), ['2048']);
  assert.deepEqual(values(MACHINE, '-smp'), ['2']);
  assert.deepEqual(values(MACHINE, '-kernel'), ['out/vmlinuz']);
  assert.deepEqual(values(MACHINE, '-initrd'), ['out/initramfs.cpio.zst']);
  assert.deepEqual(values(MACHINE, '-append'), ['console=ttyS0 quiet']);
  assert.deepEqual(values(MACHINE, '-serial'), ['mon:stdio', 'file:answers']);
  assert.deepEqual(values(MACHINE, '-display'), ['none']);
  assert.deepEqual(values(MACHINE, '-uuid'), []);
  const uuid = '7e1c3d52-90ab-4c1d-8f3e-2b4a5c6d7e8f';
  assert.deepEqual(values({ ...MACHINE, uuid }, '-uuid'), [uuid]);
});

test('the machine has no network and ends where it would reboot', () => {
  assert.deepEqual(values(MACHINE, '-nic'), ['none']);
  assert.deepEqual(values(MACHINE, '-netdev'), []);
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

/** The devices that disks are made of. */
function diskDevices(machine: VmConfig): string[] {
  return values(machine, '-device').filter((device) => !device.startsWith('virtio-rng'));
}

test('the disks hang on the bus that is asked for, with their serial where the device has one', () => {
  const devices = (bus: DiskBus): string[] => diskDevices({ ...MACHINE, bus });
  assert.deepEqual(devices('nvme'), ['nvme,drive=disk0,serial=mkma', 'nvme,drive=disk1,serial=mkma-test']);
  assert.deepEqual(devices('ahci'), [
    'ich9-ahci,id=bus0',
    'ide-hd,bus=bus0.0,drive=disk0,serial=mkma',
    'ide-hd,bus=bus0.1,drive=disk1,serial=mkma-test',
  ]);
  assert.deepEqual(devices('usb'), [
    'qemu-xhci,id=bus0',
    'usb-storage,bus=bus0.0,drive=disk0,serial=mkma',
    'usb-storage,bus=bus0.0,drive=disk1,serial=mkma-test',
  ]);
  assert.deepEqual(devices('uas').slice(0, 3), [
    'qemu-xhci,id=bus0',
    'usb-uas,id=uas0,bus=bus0.0',
    'scsi-hd,bus=uas0.0,drive=disk0,serial=mkma',
  ]);
  assert.deepEqual(devices('scsi').slice(0, 2), [
    'virtio-scsi-pci,id=bus0',
    'scsi-hd,bus=bus0.0,drive=disk0,serial=mkma',
  ]);
  assert.deepEqual(devices('sd').slice(0, 2), ['sdhci-pci', 'sd-card,drive=disk0']);
  assert.match(values({ ...MACHINE, bus: 'cd' }, '-drive')[0] ?? '', /,readonly=on$/);
});

test('firmware: no kernel is loaded, and the first disk is the one to start from', () => {
  const bios: VmConfig = { ...MACHINE, start: { by: 'bios' } };
  assert.deepEqual([...values(bios, '-kernel'), ...values(bios, '-append')], []);
  assert.deepEqual(
    diskDevices(bios).map((device) => device.endsWith(',bootindex=0')),
    [true, false],
  );
  assert.deepEqual(values(bios, '-machine'), ['graphics=off']);
  const uefi: VmConfig = { ...MACHINE, start: { by: 'uefi', code: 'CODE.fd', variables: 'out,1/vars.fd' } };
  assert.deepEqual(values(uefi, '-drive').slice(0, 2), [
    'if=pflash,unit=0,format=raw,file=CODE.fd,readonly=on',
    'if=pflash,unit=1,format=raw,file=out,,1/vars.fd',
  ]);
  assert.deepEqual(values(uefi, '-machine'), []);
});

test('Secure Boot: q35 with system management mode, without which nothing enforces it', () => {
  const start = { by: 'uefi', secure: true, code: 'CODE.secboot.fd', variables: 'VARS.ms.fd' } as const;
  const machine: VmConfig = { ...MACHINE, start };
  assert.deepEqual(values(machine, '-machine'), ['q35,smm=on']);
  assert.deepEqual(values(machine, '-global'), [
    'driver=cfi.pflash01,property=secure,value=on',
    'ICH9-LPC.disable_s3=1',
  ]);
  const variables = (writes: 'kept' | 'discarded' | 'ignored'): string | undefined =>
    values({ ...machine, start: { ...start, writes } }, '-drive')[1];
  assert.equal(variables('kept'), 'if=pflash,unit=1,format=raw,file=VARS.ms.fd');
  assert.equal(variables('discarded'), 'if=pflash,unit=1,format=raw,file=VARS.ms.fd,snapshot=on');
  assert.equal(variables('ignored'), 'if=pflash,unit=1,format=raw,file=VARS.ms.fd,readonly=on');
});

test('a medium is never written to: its writes are dropped, or go to a file over it', () => {
  const medium = { file: '/dev/sdx', firmware: 'uefi', bus: 'usb', writes: 'discarded' } as const;
  const drive = (bus: DiskBus, overlay?: string): string | undefined =>
    values({ ...MACHINE, bus, disks: [mediumDisk({ ...medium, bus }, overlay)] }, '-drive')[0];
  assert.equal(drive('usb'), 'if=none,id=disk0,format=raw,file=/dev/sdx,snapshot=on');
  assert.equal(drive('usb', 'o.qcow2'), 'if=none,id=disk0,format=qcow2,file=o.qcow2');
  assert.equal(drive('cd'), 'if=none,id=disk0,format=raw,file=/dev/sdx,readonly=on');
});

test("a disk that is not the machine's own is attached as virtio whatever its bus", () => {
  const [medium, script] = MACHINE.disks as [MachineDisk, MachineDisk];
  const disks = [medium, { ...script, virtio: true }];
  const start = { by: 'bios' } as const;
  assert.deepEqual(diskDevices({ ...MACHINE, bus: 'ahci', start, disks }), [
    'ich9-ahci,id=bus0',
    'ide-hd,bus=bus0.0,drive=disk0,serial=mkma,bootindex=0',
    'virtio-blk-pci,drive=disk1,serial=mkma-test',
  ]);
});

test('credentials are OEM strings of the firmware, in base64', () => {
  const credentials = { 'systemd.extra-unit.a.service': '[Unit]\n' };
  assert.deepEqual(values({ ...MACHINE, credentials }, '-smbios'), [
    'type=11,value=io.systemd.credential.binary:systemd.extra-unit.a.service=W1VuaXRdCg==',
  ]);
  assert.deepEqual(values(MACHINE, '-smbios'), []);
  const names = Object.keys(testCredentials());
  assert.deepEqual(names, [
    'systemd.extra-unit.mkma-test.service',
    'systemd.unit-dropin.multi-user.target~mkma-test',
  ]);
});

test('a serial port goes to the end of a file, or to the program that started QEMU', () => {
  const machine: VmConfig = {
    ...MACHINE,
    serials: [{ to: 'file', file: 'a,b.log', append: true }, { to: 'parent' }],
  };
  assert.deepEqual(values(machine, '-chardev'), [
    'file,append=on,path=a,,b.log,id=serial0',
    'stdio,signal=off,id=serial1',
  ]);
  assert.deepEqual(values(machine, '-serial'), ['chardev:serial0', 'chardev:serial1']);
});

test('KVM gets the processor of the host, TCG the plain one', () => {
  assert.deepEqual(values({ ...MACHINE, accel: 'kvm' }, '-cpu'), ['host']);
  assert.deepEqual(values(MACHINE, '-cpu'), ['qemu64,-svm']);
});

test('a window has a graphics card, a pointer that need not be caught, and sound where that is heard', () => {
  const machine = { ...MACHINE, display: 'gtk' } as const;
  assert.deepEqual(values(machine, '-vga'), ['std']);
  assert.ok(values(machine, '-device').includes('virtio-tablet-pci'));
  assert.deepEqual(values(machine, '-audiodev'), []);
  assert.deepEqual(values({ ...machine, audio: 'pa' }, '-audiodev'), ['pa,id=sound0']);
  assert.deepEqual(values(MACHINE, '-vga'), []);
});

test('a screen without a window: a card, a pointer with positions, a door for whoever looks, and sound into a file', () => {
  const headless = { card: 'virtio', socket: '/tmp/a,b/qmp', sound: '/x/sound.wav' } as const;
  const machine = { ...MACHINE, headless };
  assert.deepEqual(values(machine, '-vga'), ['virtio']);
  assert.deepEqual(values(machine, '-qmp'), ['unix:/tmp/a,,b/qmp,server=on,wait=off']);
  assert.deepEqual(values(machine, '-audiodev'), ['wav,path=/x/sound.wav,id=sound0']);
  assert.ok(values(machine, '-device').includes('virtio-tablet-pci'));
});

test("QEMU's known complaints are told with a way out; others are left alone", () => {
  const lock =
    'qemu-system-x86_64: -drive ...: Failed to get "write" lock\nIs another process using the image';
  assert.match(knownQemuFault(lock)?.why ?? '', /another virtual machine/);
  const gtk = "qemu-system-x86_64: Display 'gtk' is not available.";
  assert.match(knownQemuFault(gtk)?.next ?? '', /qemu-system-gui/);
  const memory = "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory";
  assert.match(knownQemuFault(memory)?.next ?? '', /--memory/);
  assert.match(knownQemuFault('ide-hd: Block node is read-only')?.next ?? '', /--bus virtio/);
  assert.equal(knownQemuFault('qemu-system-x86_64: something else'), undefined);
});

test('a network: nothing is reached unless asked for, and ports of the loopback lead in', () => {
  const forwards = [
    { host: 8080, guest: 80 },
    { host: 2222, guest: 22 },
  ];
  const rules = 'hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=tcp:127.0.0.1:2222-:22';
  for (const [outward, restrict] of [
    [false, 'on'],
    [true, 'off'],
  ] as const) {
    const machine = { ...MACHINE, network: { outward, forwards } };
    assert.deepEqual(values(machine, '-netdev'), [`user,id=net0,restrict=${restrict},${rules}`]);
    assert.deepEqual(values(machine, '-nic'), []);
  }
  const fault = knownQemuFault(
    "qemu-system-x86_64: -netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:80-:8080'",
  );
  assert.match(fault?.why ?? '', /^port 80 of this host is in use/);
  assert.match(fault?.next ?? '', /--forward PORT:8080$/);
});
