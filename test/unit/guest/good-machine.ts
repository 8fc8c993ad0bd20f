/** A machine on which a boot succeeds, to be spoilt by each test in its way. */
import assert from 'node:assert/strict';
import { renderInitramfsManifest } from '../../../src/core/boot/initramfs.js';
import type { Manifest } from '../../../src/core/image/manifest.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import { imageFile } from '../core/sample.js';
import { FakeMachine } from './fake-machine.js';

const RELEASE = '6.12.1-amd64';
const SEGMENTS = [
  { size: 40, bytes: 400, frames: 1, records: 3, sha256: 'a'.repeat(64) },
  { size: 60, bytes: 900, frames: 1, records: 4, sha256: 'b'.repeat(64) },
  { size: 50, bytes: 800, frames: 1, records: 5, sha256: 'c'.repeat(64) },
];

export const MANIFEST: Manifest = {
  format: 1,
  kind: 'base',
  needs: [],
  attributes: [],
  id: `sha256:${'d'.repeat(64)}`,
  name: 'box',
  created: '2026-01-01T00:00:00Z',
  mkma: '0.1.0',
  suite: 'trixie',
  architecture: 'amd64',
  kernelRelease: RELEASE,
  unpackedBytes: 300 * 2 ** 20,
  root: { mode: 0o755, uid: 0, gid: 0 },
  inodes: 12,
  segments: SEGMENTS,
};

/** A machine on which a boot succeeds. */
export function goodMachine(cmdline = '', base = imageFile(MANIFEST)): FakeMachine {
  const machine = new FakeMachine();
  const put = (path: string, content: string | Uint8Array): void => void machine.files.set(path, { content });
  put('/proc/cmdline', `mkma_storage_device=/dev/vda mkma_images_path=/img ${cmdline}\n`);
  put('/proc/sys/kernel/osrelease', `${RELEASE}\n`);
  put('/proc/self/status', 'Name:\tqjs\nCpus_allowed_list:\t0-1\n');
  put('/proc/meminfo', 'MemTotal: 2000000 kB\nMemAvailable: 1900000 kB\n');
  const versions = { mkma: '0.1.0', suite: 'trixie', architecture: 'amd64' };
  put('/mkma/manifest.json', renderInitramfsManifest({ ...versions, kernelRelease: RELEASE }));
  machine.files.set('/dev/vda', { kind: 'other' });
  machine.files.set('/storage/img', { kind: 'directory' });
  put('/storage/img/base.cpio.zst', base);
  machine.files.set('/newroot/sbin', { link: 'usr/sbin' });
  machine.files.set('/newroot/usr/sbin/init', { link: '/lib/systemd/systemd' });
  machine.files.set('/newroot/lib', { link: 'usr/lib' });
  machine.files.set('/newroot/usr/lib/systemd/systemd', { mode: 0o755, content: 'ELF' });
  machine.answer = (argv) => answer(argv, machine);
  return machine;
}

/** The tmpfs counts 12 inodes more after the three segments: one for every name. */
export function answer(argv: readonly string[], machine: FakeMachine): { stdout: string } | undefined {
  const text = argv.join(' ');
  if (argv[0] === 'blkid') return { stdout: 'DEVNAME=/dev/vda\nTYPE=ext4\n' };
  if (text.startsWith('stat -f'))
    return { stdout: `4096 250000 250000 ${machine.started.length >= 3 ? 988 : 1000}\n` };
  if (text.startsWith('stat -c')) return { stdout: '755 0:0\n' };
  return undefined;
}

/** A boot that has to fail: the phase it names, and lines that it has to print. */
export function failing(machine: FakeMachine, phase: string, ...patterns: RegExp[]): void {
  assert.equal(bootMachine(machine), false);
  const text = machine.lines.join('\n');
  assert.ok(machine.lines.includes(`mkma: BOOT FAILED in phase ${phase}`), text);
  for (const pattern of patterns) assert.match(text, pattern);
  for (const line of machine.lines) assert.ok(line.startsWith('mkma:'), line);
}
