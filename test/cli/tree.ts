/** Comparing trees of files: everything a newc archive is to carry. */
import { execFileSync } from 'node:child_process';
import { kindKeptOut, POLICY } from '../../src/host/pack/kept-out.js';

const BIG = { maxBuffer: 1 << 30, encoding: 'latin1' as const };

/**
 * A tree as sorted lines, one a name: type, mode, owners, size and mtime of regular files, device numbers, symlink target,
 * digest of the content, and the names that share its inode. Names are bytes, shown as Latin-1.
 */
export function describeTree(root: string): string[] {
  const digests = digestsOf(root);
  const format = '%y %m %U %G %n %s %T@ %i\\0%P\\0%l\\0';
  const fields = execFileSync('find', [root, '-printf', format], BIG).split('\0');
  const groups = new Map<string, string[]>();
  const entries: { head: string[]; name: string; target: string }[] = [];
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const [head = '', name = '', target = ''] = fields.slice(i, i + 3);
    const parts = head.split(' ');
    entries.push({ head: parts, name, target });
    const ino = parts[7] as string;
    groups.set(ino, [...(groups.get(ino) ?? []), name]);
  }
  const devices = devicesOf(root);
  return entries
    .map(({ head: [type, mode, uid, gid, nlink, size, mtime, ino], name, target }) => {
      const parts = [name, type, mode, uid, gid];
      if (type !== 'd')
        parts.push(`links=${nlink}`, `same=${(groups.get(ino as string) ?? []).sort().join('|')}`);
      if (type === 'f') parts.push(size, (mtime as string).split('.')[0], digests.get(name));
      if (type === 'l') parts.push(target);
      if (type === 'b' || type === 'c') parts.push(devices.get(name));
      return parts.join('\t');
    })
    .sort();
}

function digestsOf(root: string): Map<string, string> {
  const script = 'find . -type f -print0 | xargs -0 -r sha256sum -z --';
  const listing = execFileSync('sh', ['-c', script], { ...BIG, cwd: root });
  const out = new Map<string, string>();
  for (const line of listing.split('\0').filter(Boolean)) out.set(line.slice(68), line.slice(0, 64));
  return out;
}

function devicesOf(root: string): Map<string, string> {
  const script = "find . \\( -type b -o -type c \\) -print0 | xargs -0 -r stat --printf '%t:%T %n\\0' --";
  const listing = execFileSync('sh', ['-c', script], { ...BIG, cwd: root });
  const out = new Map<string, string>();
  for (const line of listing.split('\0').filter(Boolean)) {
    const [numbers = '', name = ''] = line.split(/ (.*)/s);
    out.set(name.slice(2), numbers);
  }
  return out;
}

/** Of a tree's lines those of what is packed: chroot/ also holds what never gets into a base. */
export function packedOf(lines: readonly string[]): string[] {
  const pathOf = (line: string): string => line.split('\t')[0] ?? '';
  return lines.filter(
    (line) => kindKeptOut(pathOf(line)) === undefined && `/${pathOf(line)}` !== POLICY.path,
  );
}

/** Unpack an image as the README tells, with one of the stock tools, into `root`. */
export function unpackStock(tool: string, image: string, root: string): string {
  const script = `set -o pipefail; umask 022; cd "$1" && zstd -dc "$0" | ${tool} -idm 2>&1`;
  return execFileSync('bash', ['-c', script, image, root], BIG);
}

export const STOCK_UNPACKERS = ['cpio', 'busybox cpio', 'bsdcpio'];

/** Make a tree that holds every kind of file, and names of all sorts. */
export function makeOddTree(root: string): void {
  const script = String.raw`
set -e
mkdir -p "$1" && cd "$1"
mkdir -p a/b/c 'with space' "new
line" empty sticky
chmod 1777 sticky; chmod 2750 a/b; chown 12:34 a/b
printf '%s' content > a/file; chmod 4755 a/file; touch -d '2001-02-03 04:05:06.789' a/file
: > none
printf x > "$(printf 'bytes-\377\376-\303\050')"
printf y > "gr$(printf '\303\266')sse"
printf z > 'TRAILER!!!'
printf q > -- 2>/dev/null || printf q > ./--
printf one > a/linked; ln a/linked a/b/linked2; ln a/linked zz-linked3
: > empty-linked; ln empty-linked a/empty-linked2
ln -s 'no/where' dangling; ln -s "$(printf 'to-\377')" odd-target; ln -s / root
mkfifo fifo
mknod block b 259 70000; mknod char c 10 200
mknod wide c 511 1048575
head -c 3000000 /dev/urandom > large; truncate -s 5M sparse; printf end >> sparse
chmod 000 large
chown 4000000000:4000000001 none
touch -d '1970-01-01 00:00:00 UTC' none
long=$(printf 'n%.0s' $(seq 255)); deep=.
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do deep="$deep/$long"; mkdir "$deep"; done
printf deep > "$deep/file"
chmod 750 .
`;
  execFileSync('bash', ['-c', script, 'mkma', root]);
}
