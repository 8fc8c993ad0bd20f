/** Random changes of a tree, of every kind that a file system knows. */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { type Chance, NAMES } from './random.js';

interface Node {
  readonly path: Buffer;
  readonly stat: fs.Stats;
}

/** Everything in a tree, without its root. */
export function walk(root: Buffer): Node[] {
  const found: Node[] = [];
  for (const name of fs.readdirSync(root, { encoding: 'buffer' })) {
    const path = join(root, name);
    const stat = fs.lstatSync(path);
    found.push({ path, stat });
    if (stat.isDirectory()) found.push(...walk(path));
  }
  return found;
}

export function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** Change something. What the kernel refuses (a name that is taken, a rename across layers) is left out. */
export function mutate(chance: Chance, root: Buffer): void {
  const nodes = walk(root);
  const folders = [root, ...nodes.filter(({ stat }) => stat.isDirectory()).map(({ path }) => path)];
  const fresh = (): Buffer => join(chance.pick(folders), chance.pick(NAMES));
  const any = nodes.length === 0 ? undefined : chance.pick(nodes);
  const files = nodes.filter(({ stat }) => stat.isFile());
  const file = files.length === 0 ? undefined : chance.pick(files);
  const actions: (() => void)[] = [
    () => make(chance, fresh()),
    () => make(chance, fresh()),
    () => fs.mkdirSync(fresh(), { mode: 0o700 }),
    () => grow(chance, fresh(), 1 + chance.number(6)),
    () => fs.symlinkSync(chance.pick(NAMES), fresh()),
    () => special(chance, fresh()),
    () => file && fs.linkSync(file.path, fresh()),
    () => file && fs.writeFileSync(file.path, chance.bytes(chance.number(5000))),
    () => file && fs.appendFileSync(file.path, 'more'),
    () => file && fs.truncateSync(file.path, chance.number(100_000)),
    () => any && !any.stat.isSymbolicLink() && fs.chmodSync(any.path, chance.number(0o10000)),
    () => any && fs.lchownSync(any.path, chance.number(70_000), chance.number(70_000)),
    () => file && fs.utimesSync(file.path, chance.number(2 ** 31), chance.number(2 ** 31)),
    () => any && !any.stat.isSymbolicLink() && attribute(chance, any),
    () => any && fs.rmSync(any.path, { recursive: true }),
    () => any && fs.rmSync(any.path, { recursive: true }),
    () => any && replace(chance, any),
    () => any && fs.renameSync(any.path, fresh()),
    ...[1, 2, 3].map(() => () => moveFolder(chance, chance.pick(folders.slice(1)), folders)),
    () => any && exchange(any.path, chance.pick(nodes).path),
    ...[1, 2, 3].map(() => () => comeBack(chance, root)),
    () => changeAll(chance, chance.pick(folders)),
    () => changeAll(chance, chance.pick(folders)),
    () => dive(fresh()),
    () => any && move(any.path, fresh()),
    () => fs.chmodSync(root, chance.pick([0o755, 0o711, 0o1777])),
    () => attribute(chance, { path: root, stat: fs.lstatSync(root) }),
  ];
  try {
    chance.pick(actions)();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
  }
}

function make(chance: Chance, path: Buffer): void {
  fs.writeFileSync(path, chance.bytes(chance.number(3000)), {
    flag: 'wx',
    mode: chance.pick([0o644, 0o600, 0o4755]),
  });
  if (chance.number(8) === 0) fs.truncateSync(path, 1_000_000 + chance.number(1_000_000));
}

/** A folder with things in it. */
function grow(chance: Chance, path: Buffer, count: number): void {
  fs.mkdirSync(path);
  for (let i = 0; i < count; i++) {
    const inner = join(path, NAMES[i] as Buffer);
    if (chance.number(4) === 0) grow(chance, inner, 2);
    else make(chance, inner);
  }
}

function special(chance: Chance, path: Buffer): void {
  const kind = chance.pick([['p'], ['c', '1', '3'], ['b', '259', '300000']]);
  // mknod takes no bytes from Node: by way of a name that is text.
  const plain = `/tmp/mkma-test-node.${process.pid}`;
  execFileSync('mknod', [plain, ...kind]);
  const moved = spawnSync('xargs', ['-0', 'mv', '-n', plain], {
    input: Buffer.concat([path, Buffer.from([0])]),
  });
  if (moved.status !== 0 || fs.existsSync(plain)) fs.rmSync(plain, { force: true });
}

/** setfattr reads any name from its input. */
function attribute(chance: Chance, { path, stat }: Node): void {
  const capability = '0sAQAAAgAgAAAAAAAAAAAAAAAAAAA=';
  const acl = '0sAgAAAAEABwD/////AgAEAAEAAAAEAAUA/////xAABwD/////IAAFAP////8=';
  const value = Buffer.from(chance.bytes(10)).toString('base64');
  const choices: string[][] = [
    ['trusted.note', `0s${value}`],
    ['system.posix_acl_access', acl],
  ];
  if (stat.isFile()) choices.push(['user.note', `0s${value}`], ['security.capability', capability]);
  if (stat.isDirectory()) choices.push(['system.posix_acl_default', acl], ['user.folder', `0s${value}`]);
  const [name, text] = chance.pick(choices) as [string, string];
  const action = chance.number(4) === 0 ? ['-x', name] : ['-n', name, '-v', text];
  spawnSync('xargs', ['-0', 'setfattr', '-h', ...action, '--'], {
    input: Buffer.concat([path, Buffer.from([0])]),
  });
}

/** A folder renamed, mostly within its own: what is there may be of any layer, and may come back to where it was. */
function moveFolder(chance: Chance, from: Buffer | undefined, folders: readonly Buffer[]): void {
  if (from === undefined) return;
  const above = from.subarray(0, from.lastIndexOf('/'));
  const to = join(chance.number(2) === 0 ? above : chance.pick(folders), chance.pick(NAMES));
  // An empty folder may be replaced.
  if (chance.number(3) === 0) fs.rmSync(to, { recursive: true, force: true });
  fs.renameSync(from, to);
  moves.push([from, to, 'moved']);
}

/**
 * Two files or folders in each other's place: renameat2(2) with RENAME_EXCHANGE (include/uapi/linux/fs.h), by its number on amd64
 * and arm64.
 */
const EXCHANGE = `my ($a, $b) = split /\\0/, join '', <STDIN>;
syscall(${process.arch === 'arm64' ? 276 : 316}, -100, $a, -100, $b, 2) == 0 or exit 1;`;

function exchange(a: Buffer, b: Buffer): void {
  const done = spawnSync('perl', ['-e', EXCHANGE], { input: Buffer.concat([a, Buffer.from([0]), b]) });
  if (done.status === 0) moves.push([a, b, 'exchanged']);
}

/** What was moved or exchanged, so that it can come back, also after it was saved. */
const moves: [from: Buffer, to: Buffer, how: 'moved' | 'exchanged'][] = [];

function comeBack(chance: Chance, root: Buffer): void {
  // Those of another tree are over: a lower directory must not change below an overlay.
  const here = moves.filter(([from]) => from.subarray(0, root.length).equals(root));
  moves.splice(0, moves.length, ...here);
  if (moves.length === 0) return;
  const [from, to, how] =
    moves.splice(chance.number(Math.min(moves.length, 4)) - Math.min(moves.length, 4), 1)[0] ?? [];
  if (from === undefined || to === undefined) return;
  if (how === 'exchanged') exchange(from, to);
  else fs.renameSync(to, from);
}

/** Metadata of a whole tree, as chmod -R and chown -R change it. */
function changeAll(chance: Chance, folder: Buffer): void {
  const mode = chance.pick([0o700, 0o755, 0o4711]);
  const owner = chance.number(70_000);
  const owns = chance.number(2) === 0;
  for (const { path, stat } of walk(folder)) {
    if (owns) fs.lchownSync(path, owner, owner);
    else if (!stat.isSymbolicLink()) fs.chmodSync(path, mode);
  }
}

/** A folder in folders whose path is longer than an overlay records by default, 256 bytes. */
function dive(path: Buffer): void {
  const long = Buffer.from('y'.repeat(150));
  fs.mkdirSync(join(join(path, long), long), { recursive: true });
}

/** Another kind of file in its place. */
function replace(chance: Chance, { path, stat }: Node): void {
  fs.rmSync(path, { recursive: true });
  const kinds = [
    () => fs.symlinkSync('elsewhere', path),
    () => special(chance, path),
    () => grow(chance, path, chance.number(4)),
  ];
  if (stat.isDirectory() && chance.number(2) === 0) make(chance, path);
  else chance.pick(kinds)();
}

/** Also where a rename would lead across layers: copied, then removed. */
function move(from: Buffer, to: Buffer): void {
  if (to.subarray(0, from.length).equals(from) || fs.existsSync(to)) return;
  spawnSync('xargs', ['-0', 'mv', '-n', '-T', '--'], {
    input: Buffer.concat([from, Buffer.from([0]), to, Buffer.from([0])]),
  });
}
