import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execute, main, temporary } from '../cli/cli.js';
import { imagesFolder, mkma } from '../vm/harness.js';

/**
 * A host that has a kernel with modules: another Debian kernel, laid over this host's folders in a mount namespace of its own.
 * $1: folder for it, $2: a Debian tree with depmod, the rest: the command to run there; RELEASE in it is the kernel's.
 */
const AS_HOST = `set -e
host=$1 tree=$2; shift 2
cd "$host"
image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \\(linux-image-[^ ]*\\)$/\\1/p' | head -n 1)
apt-get -q -o APT::Sandbox::User=root download "$image" >&2
mkdir kernel upper work && dpkg-deb -x ./*.deb kernel
[ -d kernel/usr/lib/modules ] || { mkdir -p kernel/usr && mv kernel/lib kernel/usr/lib; }
[ -e kernel/lib ] || ln -s usr/lib kernel/lib
release=$(ls kernel/usr/lib/modules)
mount --bind kernel "$tree/mnt" && chroot "$tree" depmod -b /mnt "$release" && umount "$tree/mnt"
mv kernel/usr/lib/modules upper/modules
mount -t overlay -o "lowerdir=/usr/lib,upperdir=$host/upper,workdir=$host/work" overlay /usr/lib
mount --bind kernel/boot /boot
for word in "$@"; do shift; set -- "$@" "$(printf %s "$word" | sed "s/RELEASE/$release/")"; done
exec "$@"`;

test("--kernel host builds with the host's kernel and modules, and boots with them", async () => {
  using folder = temporary();
  const host = join(folder.path, 'host');
  mkdirSync(host);
  const built = process.env.MKMA_TEST_IMAGES ?? '';
  assert.ok(built);
  const output = join(dirname(imagesFolder()), `${process.pid}-host`);
  const tree = join(folder.path, 'tree');
  // The shared images stay untouched: depmod runs in a copy that has just what it needs.
  const copied = await execute('cp', ['-a', '--reflink=auto', join(built, 'chroot'), tree]);
  assert.equal(copied.code, 0, copied.stderr);
  try {
    const build = [process.execPath, main, 'build', 'hostly', '--kernel', 'host:RELEASE', '--output', output];
    const namespace = ['--mount', '--propagation', 'private', 'sh', '-c', AS_HOST, 'sh', host, tree];
    const got = await execute('unshare', [...namespace, ...build]);
    assert.equal(got.code, 0, got.stderr);
    const [release = ''] = readdirSync(join(output, 'chroot/usr/lib/modules'));
    assert.match(release, /cloud/);
    const vmlinuz = readFileSync(join(output, 'vmlinuz'));
    assert.ok(vmlinuz.equals(readFileSync(join(host, `kernel/boot/vmlinuz-${release}`))));
    const verdict = await mkma('test', '--output', output);
    assert.equal(verdict.exitCode, 0, `${verdict.stderr}\n${verdict.output}`);
    assert.match(
      verdict.output,
      new RegExp(`ok +modules match the kernel: kernel ${release.replaceAll('.', '\\.')};`),
    );
  } finally {
    await execute('rm', ['-rf', output]);
  }
});
