/**
 * What programs see on the root, an overlay with the options of early boot, and on a disk with ext4: the rows in which both differ
 * are the table of docs/overlay.md, all others are the same.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { repository, temporary } from './cli.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const FILL = `mkdir -p "$0/d/sub" "$0/w"; cd "$0/d"; echo hello >f; echo h >h1; ln h1 h2; ln -s f l; echo x >sub/x
head -c 300000 /dev/zero >big; cp big map`;

/** For calls that no program makes: of the C library, by name and arguments. */
const CALL = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    return 'ok' if getattr(libc, name)(*args) >= 0 else os.strerror(ctypes.get_errno())
`;

interface Row {
  /** A shell script, or what Python does after {@link CALL}; run in the tree, in which d and w are of the base. */
  readonly sh?: string;
  readonly py?: string;
  /** What it prints on ext4, and on the root where that differs. */
  readonly disk: string;
  readonly root?: string;
}

const ROWS: Readonly<Record<string, Row>> = {
  'a folder is renamed': { py: "os.rename('d', 'q'); os.rename('q', 'd'); print('ok')", disk: 'ok' },
  'two folders exchanged': {
    py: "print(call('renameat2', -100, b'd', -100, b'w', 2), call('renameat2', -100, b'd', -100, b'w', 2))",
    disk: 'ok ok',
  },
  '`find -xdev`': { sh: 'find d w -xdev | wc -l', disk: '10' },
  '`cp -ax`': { sh: 'cp -ax d w/copy; find w/copy | wc -l', disk: '9' },
  '`tar --one-file-system`': { sh: 'tar --one-file-system -cf - d | tar t | wc -l', disk: '9' },
  'one device number': { sh: "find d w -printf '%D\\n' | sort -u | wc -l", disk: '1' },
  'inode number of a file that is written to': {
    sh: 'a=$(stat -c %i d/f); echo y >>d/f; [ $a = $(stat -c %i d/f) ] && echo same',
    disk: 'same',
  },
  'a file that is open for reading, after a write': {
    py: "f = open('d/sub/x'); g = open('d/sub/x', 'a'); g.write('new'); g.flush(); print(f.read())",
    disk: 'x\nnew',
  },
  '`flock` of one file by two opens': {
    py: "import fcntl\nf = open('d/h2'); fcntl.flock(f, 6); g = open('d/h2', 'a')\ntry: fcntl.flock(g, 6); print('both')\nexcept OSError: print('one')",
    disk: 'one',
  },
  inotify: {
    py: "import select\nfd = libc.inotify_init(); libc.inotify_add_watch(fd, b'd/sub', 0xfff); open('d/sub/new', 'w'); print(bool(select.select([fd], [], [], 1)[0]))",
    disk: 'True',
  },
  'inotify of a file, after a write': {
    py: "import select\nfd = libc.inotify_init(); libc.inotify_add_watch(fd, b'd/big', 2); f = open('d/big', 'r+b'); f.write(b'1'); f.flush(); print(bool(select.select([fd], [], [], 1)[0]))",
    disk: 'True',
  },
  '`fallocate`, punching holes': {
    sh: 'fallocate -l 1M w/a && fallocate -p -o 0 -l 4096 w/a && stat -c %s w/a',
    disk: '1048576',
  },
  '`chattr +i` of a file of the base': {
    sh: 'chattr +i d/f && lsattr d/f | cut -c 5; chattr -i d/f',
    disk: 'i',
  },
  '`O_DIRECT`': { sh: 'dd if=d/big of=/dev/null bs=4096 iflag=direct status=none && echo ok', disk: 'ok' },
  'user and trusted attributes': {
    sh: 'setfattr -n user.a -v b d/big; setfattr -n trusted.overlay.a -v c d/big; getfattr --only-values -n user.a d/big; getfattr --only-values -n trusted.overlay.a d/big',
    disk: 'bc',
  },
  'a running program is not written to': {
    sh: 'cp /bin/sleep w/run; w/run 1 & sleep 0.3; (echo x >>w/run) 2>/dev/null || echo busy; wait',
    disk: 'busy',
  },
  'a second name for a file': {
    sh: 'ln d/big d/big2; stat -c %h d/big; [ d/big -ef d/big2 ] && echo one',
    disk: '2\none',
  },

  'Type of file system (`df`, `stat -f`)': {
    sh: 'df --output=fstype d | tail -n 1',
    disk: 'ext4',
    root: 'overlay',
  },
  'Writing to one of several names that a file has in the base': {
    sh: 'echo more >>d/h1; wc -c <d/h2',
    disk: '7',
    root: '2',
  },
  'A mapping (`mmap`) made before the first write to the file': {
    py: "import mmap\nf = open('d/map', 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); g = open('d/map', 'r+b'); g.write(b'Z'); g.flush(); print(m[:1] == b'Z')",
    disk: 'True',
    root: 'False',
  },
  'File handles (`name_to_handle_at`), and so an NFS export': {
    py: "h = ctypes.create_string_buffer(200); h[0] = b'\\x80'; m = ctypes.c_int(); print(call('name_to_handle_at', -100, b'd/l', h, ctypes.byref(m), 0))",
    disk: 'ok',
    root: 'Operation not supported',
  },
  'An overlay with its upper directory here': {
    sh: 'mkdir -p w/u w/k w/m; mount -t overlay -o lowerdir=d,upperdir=w/u,workdir=w/k o w/m 2>/dev/null && echo ok && umount w/m || echo refused',
    disk: 'ok',
    root: 'refused',
  },
  'A swap file': {
    sh: 'head -c 4M /dev/zero >w/s; chmod 600 w/s; mkswap -q w/s; swapon w/s 2>/dev/null && swapoff w/s && echo ok || echo refused',
    disk: 'ok',
    root: 'refused',
  },
  '`fallocate --collapse-range`': {
    sh: 'head -c 1M /dev/zero >w/c; fallocate -c -o 0 -l 4096 w/c 2>/dev/null && echo ok || echo refused',
    disk: 'ok',
    root: 'refused',
  },
  '`fsfreeze`': {
    sh: 'fsfreeze -f . 2>/dev/null && fsfreeze -u . && echo ok || echo refused',
    disk: 'ok',
    root: 'refused',
  },
  'Links of a folder (`stat -c %h`)': { sh: 'stat -c %h d', disk: '3', root: '1' },
  'Whiteouts (`renameat2` with `RENAME_WHITEOUT`)': {
    py: "print(call('renameat2', -100, b'd/f', -100, b'd/g', 4))",
    disk: 'ok',
    root: 'Invalid argument',
  },
};

const folder = temporary();
after(() => {
  for (const name of ['disk', 'root/merged', 'root']) spawnSync('umount', [join(folder.path, name)]);
  folder[Symbol.dispose]();
});

function sh(script: string, at: string): string {
  return execFileSync('sh', ['-c', script, at], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Two trees with the same files: on ext4, read from the medium again; and in the base of an overlay in RAM. */
function makeTrees(): { readonly disk: string; readonly root: string } {
  const [disk, root] = [join(folder.path, 'disk'), join(folder.path, 'root')] as const;
  for (const path of [disk, root]) mkdirSync(path);
  sh(
    'truncate -s 64M "$0.img"; mke2fs -q -F -t ext4 "$0.img"; mount -o loop "$0.img" "$0"; rmdir "$0/lost+found"',
    disk,
  );
  sh(FILL, disk);
  sh('umount "$0"; mount -o loop "$0.img" "$0"', disk);
  sh('mount -t tmpfs ram "$0"; mkdir "$0/base" "$0/layer" "$0/fresh" "$0/work" "$0/merged"', root);
  sh(FILL, join(root, 'base'));
  const options = 'redirect_dir=on,metacopy=on,index=off,nfs_export=off';
  sh(
    `cd "$0" && mount -t overlay -o lowerdir=layer:base,upperdir=fresh,workdir=work,${options} mkma merged`,
    root,
  );
  return { disk, root: join(root, 'merged') };
}

const trees = makeTrees();

function run({ sh, py }: Row, cwd: string): string {
  const argv = py === undefined ? ['sh', '-c', sh ?? ''] : ['python3', '-c', CALL + py];
  const { stdout, stderr } = spawnSync(argv[0] as string, argv.slice(1), {
    cwd,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return (stdout + stderr).trim();
}

for (const [what, row] of Object.entries(ROWS)) {
  const differs = row.root === undefined ? 'the same' : 'otherwise';
  test(`${differs} as on ext4: ${what}`, () => {
    assert.equal(run(row, trees.disk), row.disk, 'on ext4');
    assert.equal(run(row, trees.root), row.root ?? row.disk, 'on the root');
  });
}

test('the page has a row for each difference, and no other', () => {
  const page = readFileSync(join(repository, 'docs/overlay.md'), 'utf8');
  const [, table = ''] = /\n\| what \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(page) ?? [];
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.split('|')[1]?.trim());
  const expected = Object.entries(ROWS)
    .filter(([, { root }]) => root !== undefined)
    .map(([what]) => what);
  assert.deepEqual(rows.toSorted(), expected.toSorted());
});
