/** What a tree gets for the disks of a definition, and what is warned of in it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { giveKeys } from '../../src/host/customise/accounts.js';
import { setDisks, warnOfDisks } from '../../src/host/customise/disks/disks.js';
import { placeFiles } from '../../src/host/customise/place-files.js';
import { Tree } from '../../src/host/customise/tree.js';
import { setVolumes } from '../../src/host/customise/volumes.js';
import type { MachineInput } from '../../src/host/definition/machine.js';
import { machine, smallTree } from '../unit/host/customise/small-tree.js';

const ANNA = { uid: 1000, gid: 1001 };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mkma-disks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A tree with an empty fstab, and the codes of what it was warned of. */
function warningTree(): { tree: Tree; warned: string[] } {
  const { root } = smallTree(folder, ANNA);
  writeFileSync(join(root, 'etc/fstab'), '');
  const warned: string[] = [];
  const emit = (event: { type: string; problem?: { code?: string; where?: string } }): void => {
    if (event.type === 'warning') warned.push(`${event.problem?.code}: ${event.problem?.where}`);
  };
  return { tree: new Tree(root, { emit, signal: new AbortController().signal }, 1000), warned };
}

test('mount points, lines of fstab before those of volumes, units that are enabled, programs', () => {
  const { tree, warned } = warningTree();
  const defined = machine({
    users: { anna: {} },
    mounts: { '/home': { device: 'LABEL=home' }, '/srv/a': { device: 'LABEL=a', required: true } },
    ramVolumes: { '/home/anna/.cache': { size: '10%' }, '/srv/a/x': { size: '10%' } },
  });
  assert.ok(setDisks(tree, defined).ok && setVolumes(tree, defined).ok && warnOfDisks(tree, defined).ok);
  const at = (path: string): string => join(tree.root, path);
  const lines = readFileSync(at('etc/fstab'), 'utf8').split('\n');
  assert.deepEqual(
    lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' ')[1]),
    ['/home', '/srv/a', '/home/anna/.cache', '/srv/a/x'],
  );
  assert.match(lines.find((line) => line.includes('.cache')) ?? '', /,nofail,.*,x-systemd\.after=mkma-homes/);
  assert.doesNotMatch(lines.find((line) => line.includes('/srv/a/x')) ?? '', /nofail|x-systemd/);
  assert.ok(statSync(at('srv/a')).isDirectory());
  const units = at('etc/systemd/system');
  const wanted = join(units, 'home.mount.wants/mkma-homes.service');
  assert.ok(existsSync(join(units, 'home.mount.wants', readlinkSync(wanted))));
  assert.equal(statSync(at('usr/lib/mkma/disks/homes')).mode & 0o777, 0o755);
  assert.deepEqual(warned, []);
});

test('what a disk hides is warned of, but for homes; and so are keys that are not there, or open', () => {
  const { tree, warned } = warningTree();
  const encrypted = (keyFile: string) => ({ device: `LABEL=${keyFile}`, encrypted: { keyFile } });
  const defined = machine({
    users: { anna: {} },
    files: {
      '/home/anna/.vimrc': 'x',
      '/etc/open': { content: 'x', mode: '0640' },
      '/etc/good': { content: 'x', mode: '0400' },
    },
    mounts: {
      '/home': { device: 'LABEL=home' },
      '/opt': { device: 'LABEL=opt' },
      '/srv/a': encrypted('/etc/good'),
      '/srv/b': encrypted('/etc/open'),
      '/srv/c': encrypted('/etc/none'),
      '/srv/d': encrypted('/home/d.key'),
      '/srv/e': { device: 'LABEL=e', encrypted: { keyFile: '/e.key', keyDevice: 'LABEL=stick' } },
    },
  });
  mkdirSync(join(tree.root, 'opt/vendor'), { recursive: true });
  assert.ok(setDisks(tree, defined).ok && placeFiles(tree, defined).ok && warnOfDisks(tree, defined).ok);
  assert.deepEqual(warned, [
    'open-key-file: mounts["/srv/b"].encrypted.keyFile: /etc/open',
    'no-key-file: mounts["/srv/c"].encrypted.keyFile: /etc/none',
    'mount-hides: mounts["/opt"]',
  ]);
});

test('a mount point that a copied file has taken is refused', () => {
  const { tree } = warningTree();
  const from = join(folder, 'afile');
  writeFileSync(from, 'x');
  const defined = machine({ files: { '/srv/a': { from } }, mounts: { '/srv/a': { device: 'LABEL=a' } } });
  assert.ok(setDisks(tree, defined).ok && placeFiles(tree, defined).ok);
  const refused = warnOfDisks(tree, defined);
  assert.ok(!refused.ok && refused.problem.code === 'mount-on-file');
});

test('keys for ssh of users whose homes are on disks lie where the image has them, whatever the disk holds', () => {
  const key = 'ssh-ed25519 AAAA anna';
  const given = (fields: MachineInput, sshd: boolean): string[] => {
    rmSync(join(folder, 'root'), { recursive: true, force: true });
    const { root, files } = smallTree(folder, ANNA);
    mkdirSync(join(root, 'etc/ssh'));
    if (sshd) writeFileSync(join(root, 'etc/ssh/sshd_config'), '');
    assert.ok(giveKeys(root, files, machine({ users: { anna: { authorizedKeys: [key] } }, ...fields })).ok);
    const places = ['home/anna/.ssh/authorized_keys', 'etc/ssh/authorized_keys.d/anna'];
    return places.filter((path) => existsSync(join(root, path)));
  };
  const mounts = { '/home': { device: 'LABEL=home' } };
  assert.deepEqual(given({ mounts }, true), ['etc/ssh/authorized_keys.d/anna']);
  assert.match(
    readFileSync(join(folder, 'root/etc/ssh/sshd_config.d/10-mkma-disks.conf'), 'utf8'),
    /^AuthorizedKeysFile \.ssh\/authorized_keys \/etc\/ssh\/authorized_keys\.d\/%u$/m,
  );
  assert.deepEqual(given({ mounts }, false), ['home/anna/.ssh/authorized_keys']);
  assert.deepEqual(given({}, true), ['home/anna/.ssh/authorized_keys']);
});

test('swap with a key of each boot takes an empty partition, and nothing that holds something', () => {
  const guard = fileURLToPath(new URL('../../../presets/disks/swap-guard', import.meta.url));
  const device = join(folder, 'device');
  const guarded = (prepare: string): number | null => {
    rmSync(device, { force: true });
    const made = spawnSync('sh', ['-ec', `truncate -s 20M "$1"; ${prepare}`, 'sh', device], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
    return spawnSync('sh', [guard, device]).status;
  };
  assert.equal(guarded(':'), 0);
  assert.equal(guarded('mkswap "$1"'), 0);
  assert.equal(guarded('mkfs.ext4 -q "$1"'), 1);
  // A whole disk, whose partitions are named elsewhere.
  assert.equal(guarded('printf "label: gpt\\n,10M\\n" | sfdisk -q "$1"'), 1);
  assert.equal(guarded('printf "label: dos\\n,10M\\n" | sfdisk -q "$1"'), 1);
  // Two signatures, of which blkid chooses none.
  assert.equal(
    guarded('mkfs.ext4 -q "$1"; printf _BHRfS_M | dd of="$1" bs=1 seek=65600 conv=notrunc status=none'),
    1,
  );
});
