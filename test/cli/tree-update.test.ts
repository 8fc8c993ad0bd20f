/**
 * Trees in an overlay: what it changed, a tree brought up to date from that, and hard links that it would break. On real
 * overlays, in mounts of its own.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Change } from '../../src/host/trees/changes.js';
import { copyTree, updateTree } from '../../src/host/trees/copy.js';
import { keepTimes } from '../../src/host/trees/keep-times.js';
import { addedLowers, joined } from '../../src/host/trees/record.js';
import { changesIn, overlayTree, type Stack } from '../../src/host/trees/stack.js';
import { stampsOf } from '../../src/host/trees/stamps.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const { signal } = new AbortController();

/** A lower tree, and overlays over it one after the other. */
class Rig {
  readonly path = mkdtempSync(join(tmpdir(), 'mkma-trees-'));
  readonly lower = { path: join(this.path, 'lower'), id: 'one', entry: '' };
  readonly placed = join(this.path, 'placed');
  private count = 0;
  private readonly stacks: Stack[] = [];

  constructor(script: string) {
    mkdirSync(join(this.lower.path, 'chroot'), { recursive: true });
    mkdirSync(this.placed);
    run(script, join(this.lower.path, 'chroot'));
  }

  async stack(script: string): Promise<Stack> {
    const scratch = join(this.path, `scratch${this.count++}`);
    mkdirSync(scratch);
    const stacked = await overlayTree([this.lower], scratch, signal);
    assert.ok(stacked.ok);
    this.stacks.push(stacked.value);
    run(script, stacked.value.root);
    return stacked.value;
  }

  async close(): Promise<void> {
    for (const { close } of this.stacks) await close();
    rmSync(this.path, { recursive: true });
  }
}

function run(script: string, cwd: string): void {
  execFileSync('bash', ['-ec', script], { cwd });
}

/** Everything that an image has of a tree, but times of folders. */
function listing(root: string): string {
  const format = String.raw`%y %m %U %G %n %s %T@ %l %P\n`;
  const facts = execFileSync('find', ['.', '-printf', format], { cwd: root, encoding: 'utf8' });
  const plain = facts.split('\n').map((line) => line.replace(/^(d \S+ \S+ \S+) \S+ \S+/, '$1'));
  const attributes = execFileSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], {
    cwd: root,
  });
  const contents = execFileSync('sh', ['-c', 'find . -type f -exec sha256sum {} +'], { cwd: root });
  return [...plain.sort(), ...`${attributes}${contents}`.split('\n').sort()].join('\n');
}

async function changesOf(stack: Stack): Promise<readonly Change[]> {
  const found = await changesIn(stack, signal);
  assert.ok(found.ok, found.ok ? '' : found.problem.why);
  return found.value.changes;
}

const TREE = `mkdir -p a/b/c d e/f; echo one >a/b/c/file; echo two >d/two; echo three >e/f/three; ln -s ../d/two a/link
ln d/two d/second; setfattr -n user.note -v x e; chmod 4755 e/f/three; mkfifo d/pipe; mknod d/null c 1 3; : > gone
mkdir -p q/f q/h; echo four >q/f/four; echo x >q/h/x`;

/** Changes of a machine's tree by two builds in a row. */
const BUILDS: readonly (readonly [string, string])[] = [
  ['echo new >a/b/new; rm gone', 'echo other >a/b/other'],
  ['rm -r a/b; mkdir a/b; echo again >a/b/again', ':'],
  [':', 'rm -r d; echo now a file >d'],
  ['rm -r a; ln -s d a', 'mv e/f e/g'],
  ['mv e renamed; chown 33:33 renamed', 'chmod 700 d; touch -d @1000 d/third'],
  ['setfattr -n user.more -v y a; setfattr -x user.note e', 'setfacl -m u:33:rwx a'],
  ['ln a/b/c/file a/hard; mkfifo a/p; mknod a/n c 1 5', 'rm -rf ./*'],
  [String.raw`echo odd >"$(printf 'a/\377 \n-')"`, String.raw`mkdir -- -n; echo x >-n/$'\nx'`],
  ['mkdir -p n/o/p; echo deep >n/o/p/q', 'mkdir -p n; echo flat >n/o'],
  ['chmod 711 .; chown 1:2 .', ':'],
  ['mkdir q/g; echo x >q/g/x', 'mv q/f q/g'],
  [':', 'rm -r q/h; mv q/f q/h'],
  ['rm gone; mkdir gone; echo x >gone/x', ':'],
  [':', 'rm gone; mkdir gone; echo x >gone/x'],
  ['mkdir x; echo y >x/passwd', 'ln -s /etc x'],
];

test('a tree is brought up to date from what two builds changed', async () => {
  for (const [first, second] of BUILDS) {
    const rig = new Rig(TREE);
    try {
      const before = await rig.stack(first);
      const copied = await copyTree(before.root, rig.placed, signal);
      assert.ok(copied.ok);
      assert.equal(listing(rig.placed), listing(before.root), first);
      const now = await rig.stack(second);
      const differing = joined([await changesOf(before), await changesOf(now)]);
      const updated = await updateTree(now.root, rig.placed, differing, signal);
      assert.ok(updated.ok, updated.ok ? '' : updated.problem.why);
      if (!updated.value) continue;
      assert.equal(listing(rig.placed), listing(now.root), `${first}; ${second}`);
    } finally {
      await rig.close();
    }
  }
});

test('a file that comes back beside another name of its own: only a copy has both as one file', async () => {
  const rig = new Rig(TREE);
  try {
    const before = await rig.stack('rm d/two');
    assert.ok((await copyTree(before.root, rig.placed, signal)).ok);
    const now = await rig.stack(':');
    const differing = joined([await changesOf(before), await changesOf(now)]);
    assert.deepEqual(await updateTree(now.root, rig.placed, differing, signal), { ok: true, value: false });
  } finally {
    await rig.close();
  }
});

test('what nothing changed keeps its inode and its change time', async () => {
  const rig = new Rig(TREE);
  try {
    const before = await rig.stack('echo x >a/x');
    assert.ok((await copyTree(before.root, rig.placed, signal)).ok);
    const stamp = (): string => {
      const { ino, ctimeMs } = statSync(join(rig.placed, 'e/f/three'));
      return `${ino} ${ctimeMs}`;
    };
    const old = stamp();
    const now = await rig.stack('echo y >a/y');
    const differing = joined([await changesOf(before), await changesOf(now)]);
    assert.ok((await updateTree(now.root, rig.placed, differing, signal)).ok);
    assert.equal(stamp(), old);
    assert.equal(readFileSync(join(rig.placed, 'a/y'), 'utf8'), 'y\n');
  } finally {
    await rig.close();
  }
});

test('a changed file with other names below is named: they would keep the old content', async () => {
  const rig = new Rig(TREE);
  try {
    const found = await changesIn(await rig.stack('echo more >>d/two'), signal);
    assert.ok(found.ok);
    assert.equal(found.value.broken, 'd/two');
    const whole = await changesIn(await rig.stack('rm d/two d/second; echo new >d/two'), signal);
    assert.ok(whole.ok);
    // Not more exact than the links of what is below.
    assert.equal(whole.value.broken, 'd/two');
  } finally {
    await rig.close();
  }
});

test('a made file keeps its time if nothing of it differs; systemd reads that of .updated', async () => {
  const rig = new Rig('mkdir etc');
  try {
    const made = 'echo same >etc/same; echo one >etc/other; echo x >etc/.updated; ln -s x etc/link';
    const before = await rig.stack(`${made}; touch -h -d @1000 etc/*`);
    assert.ok((await copyTree(before.root, rig.placed, signal)).ok);
    utimesSync(join(rig.placed, 'etc/.updated'), 1000, 1000);
    const now = await rig.stack(`${made.replace('one', 'two')}`);
    keepTimes(now.root, rig.placed, await changesOf(now));
    const seconds = (name: string): number =>
      Math.floor(statSync(join(now.root, 'etc', name)).mtimeMs / 1000);
    assert.equal(seconds('same'), 1000);
    assert.notEqual(seconds('other'), 1000);
    assert.notEqual(seconds('.updated'), 1000);
  } finally {
    await rig.close();
  }
});

test('stamps: of made files by content, of others by their change time', async () => {
  const rig = new Rig(TREE);
  try {
    const stamps = async (script: string) => {
      const stack = await rig.stack(script);
      return stampsOf(stack.upper ?? '', await changesOf(stack));
    };
    const record = (path: string) => ({ path, size: 4, found: { ino: '1', changed: '5' } }) as never;
    const [one, again, other] = [
      await stamps('echo x >a/m'),
      await stamps('echo x >a/m'),
      await stamps('echo y >a/m'),
    ];
    assert.equal(one(record('a/m')), again(record('a/m')));
    assert.notEqual(one(record('a/m')), other(record('a/m')));
    assert.equal(one(record('d/two')), other(record('d/two')));
  } finally {
    await rig.close();
  }
});

test('trees on top of those of the record; other ones below', () => {
  const lower = (id: string) => ({ id, path: id, entry: '' });
  const record = { fingerprint: '', lowers: ['packages', 'kernel'], changes: [] };
  const of = (...ids: string[]) => addedLowers(record, ids.map(lower))?.map(({ id }) => id);
  assert.deepEqual(of('packages', 'kernel'), []);
  assert.deepEqual(of('more', 'packages', 'kernel'), ['more']);
  assert.equal(of('others', 'kernel'), undefined);
  assert.equal(of('kernel'), undefined);
});

test('a folder that is to be taken whole stays that, whatever else is said of it', () => {
  const [entry, whole] = [{ path: 'a', extent: 'entry' } as const, { path: 'a', extent: 'whole' } as const];
  assert.deepEqual(joined([[entry], [whole]]), [whole]);
  assert.deepEqual(joined([[whole], [entry]]), [whole]);
});
