/** A base that is a file system: the tree comes out as it went in, and the two forms take each other's place. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DUMP_ARGUMENTS, parseAttributes } from '../../src/core/archive/attributes.js';
import type { ArchiveRecord } from '../../src/core/archive/parser.js';
import { fileTypeOf } from '../../src/core/archive/tree.js';
import { decodeName } from '../../src/core/text/path.js';
import { BASE } from '../../src/guest/init/folders.js';
import { stackOverlay } from '../../src/guest/init/stack.js';
import { undoList } from '../../src/guest/init/undo.js';
import { readRecords } from '../../src/host/pack/read.js';
import { scanTree } from '../../src/host/pack/scan.js';
import { FakeMachine } from '../unit/guest/fake-machine.js';
import { codeOf, type Ended, execute, main, mkmaHere, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { Stock } from './layers-stock.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

import { describeTree, makeOddTree, packedOf } from './tree.js';

/** What the reader of metadata makes of a file, in the words of a listing. */
function told(record: ArchiveRecord): string {
  const { path, mode, uid, gid, nlink, size, mtime, data, rdevMajor, rdevMinor } = record;
  const type = fileTypeOf(mode);
  const facts = [path, type, mode & 0o7777, uid, gid, mtime];
  if (type !== 'd') facts.push(nlink);
  if (type === 'f') facts.push(size);
  if (type === 'l') facts.push(decodeName(data ?? new Uint8Array(0)));
  if (type === 'b' || type === 'c') facts.push(rdevMajor, rdevMinor);
  return facts.join('\t');
}

/** u::rw- u:1234:r-- g::r-- m::r-- o::r-- (struct posix_acl_xattr_entry, include/linux/posix_acl_xattr.h). */
const ACL = '0x0200000001000600ffffffff02000400d204000004000400ffffffff10000400ffffffff20000400ffffffff';
/** cap_net_raw=ep (struct vfs_cap_data, include/uapi/linux/capability.h). */
const CAPABILITY = '0x0100000200200000000000000000000000000000';

/** Attributes of every kind, some of which several files share. */
function addAttributes(root: string): void {
  const script = String.raw`
setfattr -n user.note -v shared a/file large sparse sticky none
setfattr -n user.own -v 0x00ff0a3d a/file; setfattr -n user.empty large
setfattr -n "user.$(printf 'odd=\303\246\377')" -v "$(printf 'x%.0s' $(seq 3000))" large
setfattr -h -n trusted.link -v x dangling; setfattr -h -n trusted.fifo -v xy fifo
setfattr -n system.posix_acl_access -v "$0" a/file; setfattr -n system.posix_acl_default -v "$0" a/b
setfattr -n security.capability -v "$1" sparse
setfattr -n user.linked -v x zz-linked3`;
  execFileSync('bash', ['-ec', script, ACL, CAPABILITY], { cwd: root });
}

describe('the forms of a base, in one output folder', () => {
  // In RAM a folder has no size of its own.
  const folder = temporary({ onDisk: true });
  const out = join(folder.path, 'out');
  const chroot = join(out, 'chroot');
  const mounted = join(folder.path, 'mounted');
  const unpacked = join(folder.path, 'unpacked');
  const erofs = join(out, 'base.erofs');
  const build = (...more: string[]): Promise<Ended> =>
    mkmaHere(['build', 'console', '--output', out, ...more]);
  const ran = ({ stderr }: Ended): string[] =>
    [...stderr.matchAll(/^(\w+): start(?:: (.*))?$/gm)].map((match) => `${match[1]}: ${match[2]}`);
  const idOf = async (file: string): Promise<string> => {
    const { stdout, stderr } = await mkmaHere(['inspect', file, '--json']);
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout).manifest.id;
  };

  before(async () => {
    // What takes long to compress and shows nothing that the rest does not.
    const large = [
      'lib/modules',
      'lib/systemd',
      'lib/udev',
      'lib/x86_64-linux-gnu',
      'share/locale',
      'share/doc',
    ];
    const without = large.map((path) => `--exclude=./chroot/usr/${path}`);
    const copying =
      'to=$1; shift; mkdir "$to"; tar -c --xattrs "$@" . | tar -x --xattrs --xattrs-include=* -C "$to"';
    execFileSync('bash', ['-eo', 'pipefail', '-c', copying, 'bash', out, ...without], {
      cwd: sharedImages(),
    });
    mkdirSync(mounted);
    mkdirSync(unpacked);
    makeOddTree(join(chroot, 'odd'));
    // No whole second.
    execFileSync('touch', ['-d', '@1000000000.123456789', join(chroot, 'odd/time')]);
    addAttributes(join(chroot, 'odd'));
    const made = await build('--format', 'erofs');
    assert.equal(made.code, 0, made.stderr);
    // In a mount namespace of its own: other tests look at this one's.
    const copy = 'mount -t erofs -o ro,loop "$1" "$2" && cp -a "$2/." "$3"';
    execFileSync('unshare', ['--mount', 'sh', '-c', copy, 'sh', erofs, mounted, unpacked]);
  });
  after(() => folder[Symbol.dispose]());

  test('all of the tree is in the file system: kinds, names, modes, owners, links, contents, times, attributes', () => {
    const expected = packedOf(describeTree(chroot));
    assert.ok(expected.length > 4_000, String(expected.length));
    assert.deepEqual(describeTree(unpacked), expected);
    const listing = (root: string): string =>
      execFileSync(
        'bash',
        [
          '-c',
          "find . ! -type d ! -path ./usr/sbin/policy-rc.d -printf '%p %T@\\n' | LC_ALL=C sort; getfattr -R -P -h -d -m - -e base64 .",
        ],
        { cwd: root, encoding: 'latin1', maxBuffer: 2 ** 28 },
      );
    assert.equal(listing(unpacked), listing(chroot));
  });

  test('in the overlay that early boot stacks, one device number, also after a copy up', () => {
    const fake = new FakeMachine();
    fake.files.set(BASE, { kind: 'directory', mode: 0o755 });
    const top = { folder: BASE, attributes: {} };
    const stack = { layers: [], top, composed: false, mounted: ['base'], several: true, xino: true };
    assert.ok(stackOverlay(fake, stack, undoList(fake)).ok);
    const call = fake.calls.find((words) => words.startsWith('mount -t overlay'));
    const [, options = ''] = /upperdir=[^,]*,workdir=[^,]*(,.*) mkma/.exec(call ?? '') ?? [];
    const script = `
mount -t tmpfs none "$2"; cd "$2"; mkdir base up work root; mount -t erofs -o ro,loop "$1" base
mount -t overlay -o "lowerdir=base,upperdir=up,workdir=work$3" none root; cd root
numbers() { stat -c %d . etc etc/hosts etc/new; stat -c %i etc/hosts; }
sum() { du "$@" usr/share | cut -f1; }
echo new >etc/new; numbers | sort -u | wc -l; [ $(sum -s) -gt 9000 ]; [ $(sum -sx) -eq $(sum -s) ]
[ $(find . -xdev | wc -l) -eq $(find . | wc -l) ]
before=$(numbers); echo more >>etc/hosts; [ "$before" = "$(numbers)" ]`;
    const told = execFileSync('unshare', [
      ...['--mount', 'bash', '-euc', script, 'bash', erofs, mounted, options],
    ]);
    // The device, and the number of a file.
    assert.equal(String(told), '2\n');
  });

  test('what it holds is read without mounting it', async () => {
    const records: string[] = [];
    const read = await readRecords(erofs, 'erofs', {
      want: () => true,
      onRecord: (record) => void records.push(told(record)),
    });
    assert.deepEqual(read, { ok: true, value: undefined });
    const tree = await scanTree(unpacked);
    assert.ok(tree.ok);
    const { entries, devices } = tree.value;
    const expected = entries.map((entry) => {
      const { path, type, mode, uid, gid, mtime, nlink, size, target } = entry;
      const device = devices.get(path);
      const facts = [path, type, mode, uid, gid, mtime];
      if (type !== 'd') facts.push(nlink);
      if (type === 'f') facts.push(size);
      if (type === 'l') facts.push(target);
      if (device !== undefined) facts.push(device.major, device.minor);
      return facts.join('\t');
    });
    assert.deepEqual(records.sort(), expected.sort());
    const inspected = await mkmaHere(['inspect', erofs]);
    assert.match(inspected.stdout, /base\.erofs: an mkma base, verified\n/);
    assert.match(inspected.stdout, /\n {2}type {8}EROFS file system\n/);
  });

  test('attributes are read without mounting it, too', async () => {
    const found: [path: string, values: Record<string, string>][] = [];
    const read = await readRecords(erofs, 'erofs', {
      onRecord: ({ path, attributes }) => {
        const values = attributes?.() ?? {};
        if (Object.keys(values).length > 0) found.push([path, values]);
      },
    });
    assert.deepEqual(read, { ok: true, value: undefined });
    const dump = execFileSync('getfattr', DUMP_ARGUMENTS, { cwd: unpacked, maxBuffer: 2 ** 28 });
    const expected = parseAttributes(dump);
    assert.ok(expected.length >= 8, String(expected.length));
    assert.deepEqual(new Map(found), new Map(expected.map(({ path, values }) => [path, values])));
  });

  test('mkma layers: contents of the file system are told to be not compared, attributes are compared', async () => {
    mkdirSync(join(folder.path, 'stock'));
    const stock = new Stock(join(folder.path, 'stock'));
    linkSync(erofs, join(stock.images, 'base.erofs'));
    const copied = 'etc/hostname odd/a/file odd/sparse odd/none odd/zz-linked3 odd/a/b/linked2';
    const copy = `cp -a --parents --sparse=always ${copied} "$OLDPWD"; cd "$OLDPWD"; echo more >etc/new; setfattr -x user.own odd/a/file`;
    await stock.pack('x', `cd '${chroot}'; ${copy}`, {});
    const layers = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await mkmaHere(['layers', ...args, '--output', stock.images]);
      assert.deepEqual([code, stderr], [0, ''], stdout);
      return stdout;
    };
    const { differences, notCompared } = JSON.parse(await layers('diff', 'base', 'x', '--json'));
    const both = differences.filter((one: Record<string, unknown>) => 'a' in one && 'b' in one);
    const aspects = both.map((one: Record<string, string[]>) => [one.path, one.aspects?.join()]);
    assert.deepEqual(aspects, [
      ['etc/hostname', 'mtime'],
      // Whatever its name, a linked file's attributes are the same.
      ['odd/a/b/linked2', 'mtime'],
      ['odd/a/file', 'mtime,attributes'],
      ['odd/none', 'mtime'],
      ['odd/sparse', 'mtime'],
      ['odd/zz-linked3', 'mtime'],
    ]);
    assert.deepEqual(notCompared, [
      'etc/hostname',
      'odd/a/b/linked2',
      'odd/a/file',
      'odd/sparse',
      'odd/zz-linked3',
    ]);
    assert.match(
      await layers('diff', 'base', 'x'),
      /; 5 files of the same size not read: their contents may differ\n$/,
    );
    const shown = await layers('show', 'base');
    assert.match(shown, /\/odd\/a\/file {2}\(system\.posix_acl_access, user\.note, user\.own\)\n/);
    assert.match(shown, /\/odd\/sparse {2}\(security\.capability, user\.note\)\n/);
  });

  test('the same tree gives the same image; one that is gone is made again, and nothing else', async () => {
    const id = await idOf(erofs);
    rmSync(erofs);
    const again = await build('--format', 'erofs');
    const [base, list, ...others] = ran(again);
    assert.equal(base, 'base: base.erofs is missing or was changed');
    // It names the time at which the base was made.
    assert.match(list ?? '', /^sbom: changed: created/);
    assert.deepEqual(others, []);
    assert.equal(await idOf(erofs), id);
    assert.deepEqual(ran(await build('--format', 'erofs')), []);
  });

  test('the size of a folder is not in the image; what is mounted in the tree is refused', async () => {
    const id = await idOf(erofs);
    rmSync(erofs);
    // A folder grows with the names that were ever in it.
    const script = `set -e
cd "$1/srv" && touch -r . "$2" && touch {1..2000} && rm {1..2000} && touch -r "$2" . && cd /
shift 2
exec "$@"`;
    const again = [process.execPath, main, 'build', 'console', '--output', out, '--format', 'erofs'];
    const built = await execute('bash', ['-c', script, 'bash', chroot, join(folder.path, 'time'), ...again]);
    assert.equal(built.code, 0, built.stderr);
    assert.equal(await idOf(erofs), id);
    const over = 'mount -t tmpfs none "$1" && shift && exec "$@"';
    const words = ['--mount', 'sh', '-c', over, 'sh', join(chroot, 'etc/apt'), ...again, '--json'];
    assert.equal(codeOf(await execute('unshare', words)), 'mount-in-tree');
  });

  test('marks of an overlay, which the machine would obey, are refused', async () => {
    const mark = ['-n', 'trusted.overlay.opaque', join(chroot, 'srv')];
    execFileSync('setfattr', ['-v', 'y', ...mark]);
    const refused = await build('--format', 'erofs');
    execFileSync('setfattr', ['-x', ...mark.slice(1)]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /cannot pack the tree as EROFS: .*chroot\/srv \[overlay-mark\]\n +why: it has the attribute trusted\.overlay\.opaque/,
    );
  });

  test('damage is named', async () => {
    const copy = join(folder.path, 'copy.erofs');
    const at = 20 * 2 ** 20;
    execFileSync('cp', [erofs, copy]);
    execFileSync('dd', ['if=/dev/urandom', `of=${copy}`, 'bs=1', 'count=8', `seek=${at}`, 'conv=notrunc'], {
      stdio: 'ignore',
    });
    const damaged = await mkmaHere(['inspect', copy]);
    assert.equal(damaged.code, 1);
    assert.match(
      damaged.stderr,
      /the image is damaged: .*copy\.erofs \[image-damaged\]\n +why: segment 1 of 1 \(bytes 0 to \d+\)/,
    );
    truncateSync(copy, at);
    const cut = await mkmaHere(['inspect', copy]);
    assert.match(cut.stderr, /its file system has \d+ bytes, the file 20971520: it was truncated/);
  });

  test('the other form takes its place, and the other way round', async () => {
    const cpio = await build('--format', 'cpio');
    assert.equal(cpio.code, 0, cpio.stderr);
    assert.deepEqual([existsSync(erofs), existsSync(join(out, 'base.cpio.zst'))], [false, true]);
    assert.deepEqual(ran(await build()), []);
    // More than newc holds in one file; and a socket, which nobody will listen on.
    execFileSync('truncate', ['-s', '4G', join(chroot, 'odd/large')]);
    const listen = `require('net').createServer().listen('${join(chroot, 'odd/socket')}', () => process.reallyExit())`;
    execFileSync(process.execPath, ['-e', listen]);
    const back = await build('--format', 'erofs');
    assert.match(ran(back)[0] ?? '', /^base: changed: .*format/);
    assert.match(back.stderr, /left out, since sockets exist only with their program: \/odd\/socket/);
    const inspected = await mkmaHere(['inspect', '--files', erofs]);
    assert.match(inspected.stdout, /\n {2}largest\n +4\.00 GiB {2}\/odd\n/);
    assert.match(inspected.stdout, / 4294967296 odd\/large\n/);
    assert.doesNotMatch(inspected.stdout, /odd\/socket/);
    assert.deepEqual([existsSync(erofs), existsSync(join(out, 'base.cpio.zst'))], [true, false]);
    const wrong = await build('--format', 'squashfs');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /squashfs.*\n?.*cpio, erofs/);
  });
});
