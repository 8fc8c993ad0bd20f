/** Early boot's own loading, on this machine's kernel: its code under its QuickJS, in a copy of the initramfs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './cli.js';
import { sharedImages } from './images.js';

/** What loading one image came to. */
export interface Loaded {
  readonly code: number;
  /** What was said on the console. */
  readonly console: string;
  /** What is new or changed outside the folder that the image was unpacked into: paths in the initramfs; mounts. */
  readonly strangers: string;
}

/**
 * $1 initramfs tree, $2 the loading program, $3 folder with images, $4 folder for what comes out, $5 scratch. In a mount
 * namespace of its own, which takes all mounts with it. /tmp is early boot's to write.
 */
const SCRIPT = String.raw`
set -eu
mount -t tmpfs -o size=4g test "$5"; cp -a "$1/." "$5"; cd "$5"
mkdir storage ram here; cp "$2" mkma/bench.js
for name in console null; do : >dev/$name; done
mount --bind /dev/null dev/null; mount -t proc proc proc
state() {
  find . -xdev \( -path ./ram -o -path ./storage -o -path ./proc -o -path ./dev -o -path ./tmp -o -path ./jail -o -path ./here \) -prune \
    -o ! -path . ! -path ./mkma -printf '%p %y %m %U %G %n %s %T@ %l\n' | sort
  find jail -mindepth 1 2>/dev/null || :
  ls -A ram | grep -vx base || :
  grep -c " $5" /proc/self/mounts
}
mkdir -p jail; state "$@" >/dev/null
for image in "$3"/*; do
  name=$(basename "$image")
  : >storage/base.cpio.zst; mount --bind "$image" storage/base.cpio.zst
  mount -t tmpfs -o size=200m ram ram
  state "$@" >here/before 2>/dev/null || :
  : >dev/console
  code=0; (ulimit -Sn 1024; exec timeout 60 chroot . qjs -m /mkma/bench.js >/dev/null 2>&1) || code=$?
  mkdir "$4/$name"; echo $code >"$4/$name/code"; cp dev/console "$4/$name/console"
  state "$@" >here/after; diff here/before here/after >"$4/$name/strangers" || :
  [ $code != 0 ] || cp -a ram/base "$4/$name/tree"
  umount ram; umount storage/base.cpio.zst
done`;

/** Load every image of a folder, each into a fresh RAM file system. What loaded lies in `out/NAME/tree`. */
export function loadAll(images: string, out: string, scratch: string): Map<string, Loaded> {
  const program = join(repository, 'dist/bench/load.mjs');
  const words = [join(sharedImages(), 'initramfs'), program, images, out, scratch];
  const own = ['--mount', '--propagation', 'private', 'bash', '-c', SCRIPT, 'bash', ...words];
  const ended = spawnSync('unshare', own, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(ended.stderr);
  const read = (name: string, file: string): string => readFileSync(join(out, name, file), 'utf8');
  return new Map(
    readdirSync(images).map((name) => [
      name,
      {
        code: Number(read(name, 'code')),
        console: read(name, 'console'),
        strangers: read(name, 'strangers'),
      },
    ]),
  );
}

/** The folders of a tree with their times of change, in seconds. */
export function folderTimes(root: string): string[] {
  const format = '%f at depth %d: %Ts\\n';
  const listing = execFileSync('find', ['.', '-type', 'd', '-printf', format], {
    cwd: root,
    encoding: 'latin1',
  });
  return listing.split('\n').sort();
}
