/** Early boot opens what is named, asks on all consoles, and closes all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InitramfsManifest, renderInitramfsManifest } from '../../../src/core/boot/initramfs.js';
import type { BootRecord } from '../../../src/core/boot/record.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import type { Answer, FakeMachine } from './fake-machine.js';
import { answer, failing, goodMachine } from './good-machine.js';

const UUID = '1111aaaa-2222-4333-8444-00000000000f';
const NAME = `mkma-${UUID}`;

interface Setup {
  readonly words?: string;
  readonly manifest?: Partial<InitramfsManifest>;
  /** Memory that keyslots need, in KiB. */
  readonly memory?: readonly number[];
  /** How lvm answers. */
  readonly lvm?: (argv: readonly string[]) => Answer | undefined;
  /** What blkid knows besides the images. */
  readonly devices?: string;
}

/** A machine whose images are inside an encrypted volume; `open sesame` opens it. */
function encrypted(setup: Setup = {}): FakeMachine {
  const { words = `mkma_luks=${UUID}`, manifest = { storage: ['luks', 'lvm'] }, memory = [1024] } = setup;
  const machine = goodMachine(words);
  const facts = { mkma: '0.1.0', suite: 'trixie', architecture: 'amd64', kernelRelease: '6.12.1-amd64' };
  machine.files.set('/mkma/manifest.json', { content: renderInitramfsManifest({ ...facts, ...manifest }) });
  machine.files.set('/sys/class/tty/console/active', { content: 'ttyS0\n' });
  machine.files.set('/proc/partitions', { content: '' });
  machine.typed.set('/dev/ttyS0', []);
  machine.typed.set('/dev/tty0', []);
  const keyslots = Object.fromEntries(
    memory.map((KiB, i) => [i, { kdf: { type: 'argon2id', memory: KiB } }]),
  );
  machine.answer = (argv) => {
    const text = argv.join(' ');
    if (argv[0] === 'blkid') {
      const { devices = `DEVNAME=/dev/sda2\nTYPE=crypto_LUKS\nUUID=${UUID}\n` } = setup;
      return { stdout: `DEVNAME=/dev/vda\nTYPE=ext4\n\n${devices}` };
    }
    if (text.includes('luksDump')) return { stdout: JSON.stringify({ keyslots }) };
    if (text.startsWith('cryptsetup open')) {
      return { code: machine.inputs.at(-1)?.[1] === 'open sesame' ? 0 : 2 };
    }
    if (argv[0] === 'lvm') return setup.lvm?.(argv);
    return answer(argv, machine);
  };
  return machine;
}

const opens = (machine: FakeMachine): string[] =>
  machine.calls.filter((call) => /^cryptsetup (open|close)|^lvm lvchange/.test(call));

test('the passphrase is asked for on all consoles, and the volume is closed before the handover', () => {
  const machine = encrypted();
  machine.typed.set('/dev/ttyS0', ['wro', 'ng\r']);
  machine.typed.set('/dev/tty0', ['', '', '', 'open sesame\r']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(machine.shown.get('/dev/tty0') ?? '', /UUID 1111aaaa[\s\S]*passphrase \(keyboard: us\): /);
  assert.match(machine.shown.get('/dev/ttyS0') ?? '', /\/dev\/sda2[\s\S]*mkma: passphrase: \*/);
  assert.match(machine.shown.get('/dev/tty0') ?? '', /wrong passphrase \(1 of 3\)/);
  assert.doesNotMatch([...machine.shown.values()].join(), /sesame/);
  const open = `cryptsetup open --type luks --key-file=- --disable-keyring /dev/sda2 ${NAME}`;
  assert.deepEqual(opens(machine), [open, open, `cryptsetup close ${NAME}`]);
  const order = machine.calls;
  assert.ok(order.indexOf('umount /storage') < order.indexOf(`cryptsetup close ${NAME}`));
  assert.ok(order.includes('close /dev/ttyS0') && order.includes('close /dev/tty0'));
  const record = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.deepEqual(record.storage.opening, { luks: [UUID], lvm: [] });
});

test('after three wrong ones there is a pause, and then three more', () => {
  const machine = encrypted();
  const before = machine.clock;
  machine.typed.set('/dev/ttyS0', ['a\r', 'b\r', 'c\r', 'typed meanwhile\r', 'd\r', 'open sesame\r']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const shown = machine.shown.get('/dev/ttyS0') ?? '';
  assert.match(shown, /wrong passphrase \(3 of 3\)[\s\S]*in 10 seconds[\s\S]*\(1 of 3\)/);
  assert.ok(machine.clock - before >= 10);
  assert.equal(opens(machine).length, 6);
});

test('an initramfs without the means says what to add, and opens nothing', () => {
  const machine = encrypted({ manifest: {}, words: `mkma_luks=${UUID} mkma_lvm=vg/lv` });
  failing(machine, 'mount', /\[initramfs-cannot-open\]/, /initramfs: \{ storage: \['luks', 'lvm'\] \}/);
  assert.deepEqual(opens(machine), []);
});

test('a volume that is not there is waited for, and others are never touched', () => {
  const foreign = `DEVNAME=/dev/sdb\nTYPE=crypto_LUKS\nUUID=${UUID.replace('1111', '2222')}\n`;
  const machine = encrypted({ devices: foreign });
  failing(machine, 'mount', /\[luks-missing\]/, /waited 30 seconds/, /\/dev\/sdb: TYPE=crypto_LUKS/);
  assert.deepEqual(opens(machine), []);
});

test('two volumes with one UUID are refused', () => {
  const twice = ['/dev/sda', '/dev/sdb'].map((node) => `DEVNAME=${node}\nTYPE=crypto_LUKS\nUUID=${UUID}\n`);
  failing(encrypted({ devices: twice.join('\n') }), 'mount', /\[luks-twice\]/, /\/dev\/sda/, /\/dev\/sdb/);
});

test('keyslots that need more RAM than there is are not tried; if none fits, that is said with numbers', () => {
  // 1,900,000 kB are available.
  const some = encrypted({ memory: [4 * 2 ** 20, 1024] });
  some.typed.set('/dev/ttyS0', ['open sesame\r']);
  assert.equal(bootMachine(some), true, some.lines.join('\n'));
  assert.match(opens(some)[0] ?? '', / --key-slot 1 /);
  assert.match(some.lines.join('\n'), /warning: not all keyslots fit.*keyslot 0 \(argon2id\) needs 4096 MiB/);
  failing(encrypted({ memory: [4 * 2 ** 20] }), 'mount', /\[luks-memory\]/, /4096 MiB; 1824 MiB of RAM/);
});

test('a group is waited for until it is whole; the volume is closed before what it is on', () => {
  let missing = 1;
  const machine = encrypted({
    words: `mkma_luks=${UUID} mkma_lvm=box-vg/root`,
    lvm: ([, command]) => {
      if (command !== 'vgs') return undefined;
      const vg = [{ vg_name: 'box-vg', vg_uuid: 'A', pv_count: '2', vg_missing_pv_count: String(missing) }];
      missing = 0;
      return { stdout: JSON.stringify({ report: [{ vg }] }) };
    },
  });
  machine.typed.set('/dev/ttyS0', ['open sesame\r']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  const shown = opens(machine).map((call) => call.replace(/ --config [\s\S]*\}/, ''));
  assert.deepEqual(shown.slice(1), [
    'lvm lvchange --sysinit --activate y box-vg/root',
    'lvm lvchange --activate n box-vg/root',
    `cryptsetup close ${NAME}`,
  ]);
});

test('what was opened is closed after a failure too', () => {
  const machine = encrypted({ words: `mkma_luks=${UUID} init=/none` });
  machine.typed.set('/dev/ttyS0', ['open sesame\r']);
  failing(machine, 'handover', /init=\/none/);
  assert.equal(opens(machine).at(-1), `cryptsetup close ${NAME}`);
});

test('a key file opens it without a question; one that does not fit, or is not there, leads to the question', () => {
  const words = `mkma_luks=${UUID} mkma_key=LABEL=stick:/box.key`;
  const devices = `DEVNAME=/dev/sda2\nTYPE=crypto_LUKS\nUUID=${UUID}\n\nDEVNAME=/dev/sdb1\nTYPE=vfat\nLABEL=stick\n`;
  const withKey = (content: string | undefined): FakeMachine => {
    const machine = encrypted({ words, devices });
    if (content !== undefined) {
      machine.files.set('/mkma/key-device/box.key', { content: new TextEncoder().encode(content) });
    }
    machine.typed.set('/dev/ttyS0', ['open sesame\r']);
    assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
    assert.ok(machine.calls.includes('umount /mkma/key-device'));
    return machine;
  };
  assert.equal(withKey('open sesame').shown.size, 0);
  const wrong = withKey('something else');
  assert.match(wrong.lines.join('\n'), /the key file does not fit: mkma_key=LABEL=stick:\/box\.key/);
  assert.match(wrong.shown.get('/dev/ttyS0') ?? '', /passphrase/);
  assert.match(withKey(undefined).lines.join('\n'), /cannot read the key file.*no such file on it/);
});

test('with keepKey the key is linked into the keyring of root, and the record says so', () => {
  const machine = encrypted({ manifest: { storage: ['luks'], keepKey: true } });
  machine.typed.set('/dev/ttyS0', ['open sesame\r']);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.match(opens(machine)[0] ?? '', new RegExp(` --link-vk-to-keyring=@u::%user:${NAME} `));
  const record = JSON.parse(machine.readText('/run/mkma/boot.json') ?? '') as BootRecord;
  assert.equal(record.storage.keepKey, true);
});

test('a volume that an earlier try left open is used without a question, and closed', () => {
  const machine = encrypted();
  machine.files.set(`/dev/mapper/${NAME}`, { kind: 'block' });
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(opens(machine), [`cryptsetup close ${NAME}`]);
});
