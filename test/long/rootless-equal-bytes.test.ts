/**
 * One definition, three builds that share nothing: by root, by a plain user, and by a plain user on Debian 13. Cache, folder, file system,
 * umask, time zone, language and number of processors differ; every byte that boots is the same, in both formats.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultCache } from '../../src/host/cli/options.js';
import { type Ended, execute, main, repository, temporary } from '../cli/cli.js';
import { sharedImages } from '../cli/images.js';
import { ofUser, PlainUser } from '../cli/plain-user.js';
import { writeSmall } from '../cli/small.js';

const inRam = temporary();
const onDisk = temporary({ onDisk: true });
after(() => {
  inRam[Symbol.dispose]();
  onDisk[Symbol.dispose]();
});

/** Builds both formats with the mkma in $1 from the definition $2 in the folder $3, in which `debs` are packages that were fetched already. */
const BUILD = `set -eu
umask "$4"
mkdir -p "$3/cache"
[ ! -d "$3/debs" ] || mv "$3/debs" "$3/cache/debs"
for format in cpio erofs; do
  node "$1" build equal --config "$2" --source-date-epoch 1764500000 --format "$format" \\
    --cache "$3/cache" --output "$3/$format" >&2
done
`;

/** What was fetched before, for a cold cache that need not be fetched again. */
function withDebs(folder: string): void {
  const kept = join(defaultCache(true, process.env), 'debs');
  mkdirSync(join(folder, 'debs'), { recursive: true });
  for (const name of existsSync(kept) ? readdirSync(kept).filter((one) => one.endsWith('.deb')) : [])
    copyFileSync(join(kept, name), join(folder, 'debs', name));
}

function digests(folder: string): Record<string, string> {
  const names = ['cpio/base.cpio.zst', 'erofs/base.erofs'];
  const early = ['cpio', 'erofs'].flatMap((format) =>
    ['initramfs.cpio.zst', 'vmlinuz'].map((name) => `${format}/${name}`),
  );
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries([...names, ...early].map((name) => [name, digest(name)]));
}

function succeeded(ended: Ended): void {
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
}

/** In a bare Debian 13 as its root (pivot_root: in a chroot nobody may create a user namespace), then as the plain user of $4. */
const ON_DEBIAN_13 = `set -eu
here=$1
. "$here/scripts/launch.sh"
. "$here/test/bare-machine.sh"
bootstrap trixie nodejs,mmdebstrap,uidmap,zstd,xz-utils,attr,mount,ca-certificates
root=$scratch/root
printf '%s\\n' "$4" >>"$root/etc/passwd"
printf '%s\\n' "$5" >"$root/etc/subuid"
cp "$root/etc/subuid" "$root/etc/subgid"
for folder in "$1" "$2" "$3"; do mkdir -p "$root$folder"; done
run unshare --mount --propagation private --pid --fork --kill-child sh -euc '
root=$1; shift
mount --bind "$root" "$root"
for folder in "$1" "$2" "$3"; do mount --rbind "$folder" "$root$folder"; done
for file in /etc/resolv.conf /etc/hosts; do touch "$root$file"; mount --bind "$file" "$root$file"; done
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mkdir "$root/old"
cd "$root"
pivot_root . old
umount --lazy /old
grep -q ^13 /etc/debian_version
shift 3
id=$1; home=$2; shift 2
exec setpriv --reuid "$id" --regid "$id" --clear-groups env -i HOME="$home" PATH=/usr/bin:/bin LANG=C "$@"
' sh "$root" "$1" "$2" "$3" "$6" "$7" sh "$7/build.sh" "$8" "$9" "$7/made" 002
`;

test('root, a plain user, and one on Debian 13: the same bytes', async () => {
  const user = new PlainUser(onDisk.path);
  const config = writeSmall(user.home, 'equal', "packages: ['kmod', 'libcap2-bin']");
  const script = join(user.home, 'build.sh');
  writeFileSync(script, BUILD);
  const places = [join(inRam.path, 'of-root'), join(user.home, 'of-user'), join(user.home, 'made')];
  for (const place of places) withDebs(place);
  user.own(user.home);
  const [ofRoot = '', ofPlain = '', ofTrixie = ''] = places;
  const env = { TZ: 'Asia/Kolkata', LANG: 'de_DE.UTF-8', LC_ALL: '' };
  succeeded(await execute('sh', [script, main, config, ofRoot, '077'], { env }));
  const away = { TZ: 'America/New_York', LC_ALL: 'POSIX' };
  succeeded(
    await user.execute('taskset', ['--cpu-list', '0', 'sh', script, main, config, ofPlain, '007'], {
      env: away,
    }),
  );
  assert.deepEqual(digests(ofPlain), digests(ofRoot));
  const { id, passwd, range } = ofUser(user.home);
  const folders = [repository, sharedImages(), onDisk.path];
  const words = [...folders, passwd, range, String(id), user.home, main, config];
  succeeded(await execute('sh', ['-c', ON_DEBIAN_13, 'sh', ...words]));
  assert.deepEqual(digests(ofTrixie), digests(ofRoot));
});
