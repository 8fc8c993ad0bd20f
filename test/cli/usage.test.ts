import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkma, mkmaHere } from './cli.js';

/** What was typed, and the whole of what is said. */
const WRONG: [string[], string][] = [
  [
    ['bild'],
    "error: unknown command 'bild' [unknown-command]\n  next: did you mean build? see mkma --help\n",
  ],
  [
    ['build', '--outptu', 'x'],
    "error: unknown option '--outptu' [unknown-option]\n  next: did you mean --output? see mkma build --help\n",
  ],
  [
    ['build', '--preset', 'consol'],
    'error: no such preset: consol: --preset consol [no-such-preset]\n  next: did you mean console? the presets are: console, server, desktop\n',
  ],
  [
    ['build', '--config', 'nowhere.ts'],
    'error: no such definition: nowhere.ts [definition-missing]\n  next: name an existing file, or create one: mkma new\n',
  ],
  [
    ['build', '--config', 'x.ts', '--preset', 'console'],
    'error: these options exclude each other: --preset, --config [exclusive-options]\n  next: leave out one of them; a definition names its preset with extends: ["server"]\n',
  ],
  [
    ['build', '--preset', 'kiosk'],
    'error: no such preset: kiosk: --preset kiosk [no-such-preset]\n  next: the presets are: console, server, desktop\n',
  ],
  [
    ['build', '--kernel', 'hots'],
    'error: invalid kernel: --kernel hots [kernel-choice-invalid]\n  next: use debian, host (the running kernel) or host:RELEASE\n',
  ],
  // A host name that JavaScript's objects have as a property.
  [
    ['build', 'constructor', '--bogus'],
    "error: unknown option '--bogus' [unknown-option]\n  next: see mkma build --help\n",
  ],
  [
    ['build', '--long'],
    'error: the option --long no longer exists [option-removed]\n  why: it made base.cpio.zst 2 % smaller, but loading it took up to 64 MiB more RAM per processor\n  next: leave it out\n',
  ],
  [
    ['build', '--without', 'docs,manuals'],
    "error: option '--without <parts>' argument 'docs,manuals' is invalid. \"manuals\" is not one of docs, locales, modules, firmware. [arguments-invalid]\n  next: see mkma build --help\n",
  ],
  [
    ['build', '--zram', '0'],
    "error: option '--zram [percent]' argument '0' is invalid. It must be a whole number from 1 to 200. [arguments-invalid]\n  next: see mkma build --help\n",
  ],
  [
    ['build', '--format', 'erofs', '--kernel', 'host:6.9.12'],
    "error: the kernel 6.9.12 cannot read an erofs base: that requires Linux 6.10 or newer: --format erofs [format-needs-kernel]\n  next: use the suite's kernel (--kernel debian), or the format cpio\n",
  ],
  [
    ['build', '--suite', 'bookworm'],
    'error: the suite bookworm is too old: early boot requires quickjs, which is in trixie or newer: --suite bookworm [suite-too-old]\n  next: use trixie or newer\n',
  ],
  [
    ['build', 'my_host'],
    'error: hostname is "my_host": it must consist of 1 to 63 of a-z, 0-9 and -, and must not begin or end with -: my_host [value-invalid]\n  next: correct it and try again\n',
  ],
  [
    ['build', '--mirror', 'example.org/debian'],
    'error: not a mirror: --mirror example.org/debian [mirror-invalid]\n  why: a mirror must be an http, https, ftp or file URL\n  next: for example --mirror http://deb.debian.org/debian\n',
  ],
  [
    ['build', '--compression-level', '20'],
    "error: option '--compression-level <n>' argument '20' is invalid. It must be a whole number from 1 to 19. [arguments-invalid]\n  next: see mkma build --help\n",
  ],
  [
    ['run', '--forward', '80'],
    "error: option '--forward <port:port>' argument '80' is invalid. It must be a port of this host and a port of the machine, as in 8080:80. [arguments-invalid]\n  next: see mkma run --help\n",
  ],
  [
    ['run', '--forward', '8080:80', '--forward', '8080:70000'],
    "error: option '--forward <port:port>' argument '8080:70000' is invalid. It must be a port of this host and a port of the machine, as in 8080:80. [arguments-invalid]\n  next: see mkma run --help\n",
  ],
  [
    ['run', '--forward', '8080:80', '--forward', '8080:443'],
    "error: option '--forward <port:port>' argument '8080:443' is invalid. Port 8080 of this host can be forwarded only once. [arguments-invalid]\n  next: see mkma run --help\n",
  ],
  [
    ['run', '--firmware', 'bios'],
    'error: no boot loader to start: --firmware bios [exclusive-options]\n  why: the disk that mkma creates contains only the images\n  next: name a disk with a boot loader (--disk FILE, --medium TARGET), or omit --firmware\n',
  ],
  [
    ['run', '--firmware', 'bios', '--disk', '/dev/null', '--append', 'quiet'],
    'error: cannot change the kernel command line: --append [exclusive-options]\n  why: with --firmware bios the boot loader on the disk sets it\n  next: write the parameters into the boot loader entry, or omit --firmware\n',
  ],
  [
    ['run', '--disk', '/no/such.img'],
    'error: no such disk image: --disk /no/such.img [no-such-disk-image]\n  next: name a raw disk image (FILE:ro attaches it read-only)\n',
  ],
  [
    ['run', '--data-disk', '/no/such.img:ro'],
    'error: no such disk image: --data-disk /no/such.img [no-such-disk-image]\n  next: name a raw disk image (FILE:ro attaches it read-only)\n',
  ],
  [
    ['test', '--data-disk', '/no/such.img:ro'],
    'error: no such disk image: --data-disk /no/such.img [no-such-disk-image]\n  next: name a raw disk image (FILE:ro attaches it read-only)\n',
  ],
  [
    ['run', '--disk', '/dev/null', '--fresh-disk'],
    'error: cannot recreate a disk of your own: --fresh-disk [exclusive-options]\n  why: it concerns the disk that mkma creates, which --disk replaces\n  next: omit one of the two\n',
  ],
  [
    ['boot-entry', '--loader', 'lilo'],
    "error: option '--loader <name>' argument 'lilo' is invalid. Allowed choices are grub, systemd-boot, all. [arguments-invalid]\n  next: see mkma boot-entry --help\n",
  ],
  [
    ['boot-entry', '--images-path', '/srv'],
    'error: --images-path requires --storage-device: --images-path /srv [option-incomplete]\n  next: name the device with --storage-device UUID=...\n',
  ],
  [
    ['boot-entry', '--storage-device', 'sda1'],
    'error: invalid device name: --storage-device sda1 [device-invalid]\n  next: use UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev (blkid prints them)\n',
  ],
  [
    ['boot-entry', '--storage-device', 'UUID=1', '--images-path', 'srv'],
    'error: a boot loader cannot pass on this path: --images-path srv [images-path-invalid]\n  next: give an absolute path within the file system, such as /srv/images, without quotes or backslashes\n',
  ],
  [
    ['boot-entry', '--append', "a='b'"],
    "error: a boot loader cannot pass these parameters to the kernel: --append a='b' [parameters-invalid]\n  why: GRUB does not preserve single quotes and backslashes\n  next: remove them; put values with spaces in double quotes\n",
  ],
  [
    ['inspect'],
    "error: missing required argument 'file' [arguments-invalid]\n  next: see mkma inspect --help\n",
  ],
];

for (const [args, said] of WRONG) {
  test(`mkma ${args.join(' ')}: refused with exit code 2`, async () => {
    const got = await mkmaHere(args);
    assert.equal(got.stderr, said);
    assert.equal(got.stdout, '');
    assert.equal(got.code, 2);
  });
}

test('a wrong usage as a program ends: its words, and its exit code', async () => {
  const [args, said] = WRONG[0] as (typeof WRONG)[number];
  assert.deepEqual(await mkma(args), { code: 2, stdout: '', stderr: said });
});

test('an option from the environment is refused with the name of its variable', async () => {
  const got = await mkma(['build'], { env: { MKMA_COMPRESSION_LEVEL: 'fast' } });
  assert.match(
    got.stderr,
    /from env 'MKMA_COMPRESSION_LEVEL' is invalid\. It must be a whole number from 1 to 19\./,
  );
  assert.equal(got.code, 2);
});

test('--json tells errors as JSON too', async () => {
  const got = await mkmaHere(['build', '--preset', 'consol', '--json']);
  assert.equal(got.code, 2);
  assert.equal(JSON.parse(got.stdout).error.where, '--preset consol');
});

test('help is there for every command, on stdout', async () => {
  const top = await mkma(['--help']);
  assert.equal(top.code, 0);
  for (const verb of ['build', 'run', 'test', 'boot-entry', 'shell', 'inspect', 'doctor']) {
    assert.match(top.stdout, new RegExp(`^  ${verb} `, 'm'));
    const help = await mkmaHere([verb, '--help']);
    assert.equal(help.code, 0, verb);
    assert.match(help.stdout, /^Usage: mkma /);
    assert.doesNotMatch(help.stdout, /default: false|\(preset: /, verb);
    assert.equal(help.stderr, '');
  }
});

test('no command: the help, and exit code 2', async () => {
  const got = await mkmaHere([]);
  assert.match(got.stdout, /^Usage: mkma /);
  assert.equal(got.code, 2);
});
