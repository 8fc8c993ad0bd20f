/** `mkma layers rename`, `export` and `import` on the machine. */

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { layersAmong } from '../../src/core/set/layer-names.js';
import { startMachine } from './persist/started.js';
import { describeTree } from './persist/view.js';

const machine = startMachine(import.meta.url, { storageBytes: 64 * 2 ** 20, ramBytes: 2 ** 26 });
const at = (path: string): string => join(machine.merged, path);
/** Where copies go, as the machine and the test name it. */
const OUT = '/tmp/out';
const out = join(machine.root, OUT);

beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  machine.newBase((base) => mkdirSync(join(base, 'etc')));
  machine.boot();
});

function mkma(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(args);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

function refused(code: string, ...args: string[]): string {
  const ended = machine.mkma([...args, '--json']);
  assert.notEqual(ended.code, 0, ended.stdout);
  const { error } = JSON.parse(ended.stdout) as { error: { code: string } };
  assert.equal(error.code, code, ended.stdout);
  return ended.stdout;
}

/** Layers of one file each. */
function save(...names: string[]): string[] {
  return names.map((name) => {
    writeFileSync(at(`etc/${name}`), name);
    machine.sh('sleep 0.15', '');
    const { layer } = JSON.parse(mkma('persist', '--all', '--level', '1', '--json', '--name', name)) as {
      layer: { layer: string };
    };
    return layer.layer;
  });
}

const names = (): string[] => layersAmong(machine.files()).map(({ name }) => name);

test('another label: this boot goes on, the order stays, and what would change it is refused', () => {
  const [a = '', b = ''] = save('a', 'b');
  mkma('layers', 'rename', b, 'better');
  assert.deepEqual(names(), [a, b.replace(/b$/, 'better')]);
  assert.equal(mkma('persist', '--all', '--dry-run'), 'nothing to save\n');
  const [c = ''] = save('c');
  const shown = JSON.parse(mkma('layers', 'show', c, '--json')) as { after: string };
  const better = JSON.parse(mkma('layers', 'show', names()[1] ?? '', '--json')) as { id: string };
  assert.equal(shown.after, better.id);
  machine.boot();
  // By what was loaded then, not by the name of now.
  mkma('layers', 'rename', a, '');
  assert.match(mkma('layers', 'list'), new RegExp(`^${a.replace(/_a$/, '')} .* applied`, 'm'));
  assert.equal(mkma('layers', 'diff', names()[0] ?? '', names()[1] ?? '').includes('etc/a'), true);
  refused('label-invalid', 'layers', 'rename', c, 'a/b');
  refused('layer-unchanged', 'layers', 'rename', c, 'c');
  machine.onStorage((storage) => {
    const images = join(storage, 'images');
    for (const name of ['20270101_000000_m', '20270101_000000_p'])
      copyFileSync(join(images, `persistence.${c}.cpio.zst`), join(images, `persistence.${name}.cpio.zst`));
  });
  refused('layer-order', 'layers', 'rename', '20270101_000000_m', 'q');
  refused('layer-order', 'layers', 'rename', '20270101_000000_m', 'p');
  mkma('layers', 'disable', '20270101_000000_m');
  mkma('layers', 'rename', '20270101_000000_m', 'n');
  assert.ok(machine.files().includes('persistence.20270101_000000_n.cpio.zst.disabled'));
});

test('copies of layers, to a folder or a file: whole, for their owner alone, and nothing is overwritten', () => {
  const [a = '', b = ''] = save('a', 'b');
  mkma('layers', 'export', OUT);
  assert.deepEqual(
    layersAmong(readdirSync(out)).map(({ name }) => name),
    [a, b],
  );
  assert.equal(statSync(join(out, `persistence.${a}.cpio.zst`)).mode & 0o777, 0o600);
  const content = machine.onStorage((storage) =>
    readFileSync(join(storage, 'images', `persistence.${a}.cpio.zst`)),
  );
  assert.ok(readFileSync(join(out, `persistence.${a}.cpio.zst`)).equals(content));
  refused('file-exists', 'layers', 'export', a, OUT);
  writeFileSync(join(out, 'mine'), 'x');
  refused('file-exists', 'layers', 'export', a, `${OUT}/mine`);
  mkma('layers', 'export', '--force', a, `${OUT}/mine`);
  assert.ok(readFileSync(join(out, 'mine')).equals(content));
  refused('arguments-invalid', 'layers', 'export', a, b, `${OUT}/none`);
  refused('arguments-invalid', 'layers', 'export');
  refused('no-such-layer', 'layers', 'export', 'nothing', OUT);
  machine.onStorage((storage) => truncateSync(join(storage, 'images', `persistence.${b}.cpio.zst`), 300));
  refused('image-damaged', 'layers', 'export', b, `${OUT}/b`);
  assert.deepEqual(readdirSync(out).length, 3);
});

test('layers from elsewhere come on top, in their order, under a new name where theirs sorts lower', () => {
  const [a = '', b = ''] = save('a', 'b');
  const before = describeTree(machine.merged);
  mkma('layers', 'export', OUT);
  for (const name of [a, b]) mkma('layers', 'drop', '--force', name);
  machine.boot();
  assert.ok(!existsSync(at('etc/a')));
  const files = readdirSync(out).map((file) => `${OUT}/${file}`);
  mkma('layers', 'import', ...files.toReversed());
  assert.deepEqual(names(), [a, b]);
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), before);
  // Again: each is there, whatever it is called.
  refused('layer-there', 'layers', 'import', files[0] ?? '');
  mkma('layers', 'drop', '--force', a);
  const said = mkma('layers', 'import', files[0] ?? '');
  assert.match(said, /warning: .* becomes \d+_\d+_a: layers are applied by name/);
  const [first, second] = names();
  assert.equal(first, b);
  assert.match(second ?? '', /^\d+_\d+_a$/);
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(mkma('persist', '--all', '--dry-run'), 'nothing to save\n');
});

test('what is damaged, no layer, or too large is not imported, and nothing is left of it', () => {
  const [a = ''] = save('a');
  mkma('layers', 'export', a, `${OUT}/a`);
  mkma('layers', 'drop', a);
  const before = machine.files();
  const bytes = readFileSync(join(out, 'a'));
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  writeFileSync(join(out, 'damaged'), bytes);
  refused('image-damaged', 'layers', 'import', `${OUT}/damaged`);
  refused('image-damaged', 'layers', 'import', `${OUT}/a`, `${OUT}/damaged`);
  writeFileSync(join(out, 'plain'), 'no image at all');
  refused('layer-unverifiable', 'layers', 'import', `${OUT}/plain`);
  refused('image-unreadable', 'layers', 'import', `${OUT}/none`);
  machine.onStorage((storage) => copyFileSync(join(storage, 'images/base.cpio.zst'), join(out, 'base')));
  refused('image-kind', 'layers', 'import', `${OUT}/base`);
  refused('arguments-invalid', 'layers', 'import');
  assert.deepEqual(machine.files(), before);
  mkma('layers', 'import', `${OUT}/a`);
  assert.match(names()[0] ?? '', /^\d+_\d+_a$/);
});

test('who the machine is goes nowhere unless that is asked for, and is merged with nothing', () => {
  machine.hardware('4c4c4544-0042-3510-8051-b4c04f4e3132');
  machine.newBase((base) => {
    mkdirSync(join(base, 'etc/ssh'), { recursive: true });
    writeFileSync(join(base, 'etc/machine-id'), '');
    writeFileSync(join(base, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  });
  machine.boot();
  const [a = ''] = save('a');
  writeFileSync(at('etc/machine-id'), `${'a'.repeat(32)}\n`);
  mkma('persist', '--identity');
  const [b = ''] = save('b');
  const [, identity = ''] = names();
  assert.match(identity, /identity/);
  assert.match(mkma('layers', 'export', OUT), new RegExp(`^left out ${identity}, .*--identity`, 'm'));
  assert.deepEqual(
    layersAmong(readdirSync(out)).map(({ name }) => name),
    [a, b],
  );
  refused('layer-of-identity', 'layers', 'export', identity, OUT);
  mkma('layers', 'export', '--identity', identity, `${OUT}/identity`);
  refused('layer-of-identity', 'layers', 'import', `${OUT}/identity`);
  refused('layer-not-mergeable', 'layers', 'merge', `${a}..${b}`);
  assert.match(mkma('layers', 'merge'), new RegExp(`^${identity} stays as it is: it says who`, 'm'));
});
