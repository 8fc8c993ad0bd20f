/** Metadata without content: what it costs, on which files it applies, and marks that somebody else made. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import type { BootRecord } from '../../src/core/boot/record.js';
import { encodeHead, encodeManifest, encodeSeekTable, HEAD_SIZE } from '../../src/core/image/image.js';
import { identity, type LayerManifest } from '../../src/core/image/manifest.js';
import { BASE } from '../unit/core/sample.js';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';

inOwnMounts(import.meta.url);

const folder = temporary();
mkdirSync(join(folder.path, 'machine'));
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: join(folder.path, 'machine') },
});
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});
const base = join(folder.path, 'machine/ram/view/base');
const fresh = join(folder.path, 'machine/ram/view/fresh');
const at = (path: string): string => join(machine.merged, path);
const modeOf = (path: string): string => (statSync(at(path)).mode & 0o777).toString(8);

beforeEach(() => {
  machine.newBase((root) => {
    mkdirSync(join(root, 'etc'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, 'etc', name), name.repeat(100_000));
    writeFileSync(join(root, 'etc/empty'), '');
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  });
  machine.boot();
});

interface Saved {
  readonly changes: readonly { readonly kind: string; readonly path: string }[];
  readonly unpackedBytes: number;
  readonly layer: { readonly layer: string; readonly bytes: number };
}

function save(...args: string[]): Saved {
  const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--level', '1', '--json', ...args]);
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout) as Saved;
}

function warnings(): string {
  const record = readFileSync(join(machine.root, 'run/mkma/boot.json'), 'utf8');
  return (JSON.parse(record) as BootRecord).images.flatMap(({ warnings = [] }) => warnings).join('\n');
}

test('in a folder that moved and came back it is saved once', () => {
  chmodSync(at('etc/a'), 0o600);
  renameSync(at('etc'), at('etc-away'));
  renameSync(at('etc-away'), at('etc'));
  execFileSync('sleep', ['0.2']);
  assert.deepEqual(
    save().changes.map(({ kind, path }) => `${kind} ${path}`),
    ['metadata /etc/a'],
  );
  assert.deepEqual(save().changes, []);
  assert.deepEqual(machine.boot(), []);
  assert.equal(modeOf('etc/a'), '600');
});

test('it takes no content in RAM and none in the layer; the next boot has both', () => {
  for (const name of ['a', 'b', 'c', 'empty']) chmodSync(at(`etc/${name}`), 0o600);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', at('etc/b')]);
  assert.equal(statSync(join(fresh, 'etc/a')).blocks, 0);
  // What changes right before a snapshot counts as changed after it (core/overlay/snapshot.ts, TICK).
  execFileSync('sleep', ['0.2']);
  const saved = save();
  assert.deepEqual(
    saved.changes.map(({ kind, path }) => `${kind} ${path}`),
    // A file without content is saved whole.
    ['metadata /etc/a', 'metadata /etc/b', 'metadata /etc/c', 'changed /etc/empty'],
  );
  assert.deepEqual([saved.unpackedBytes, saved.layer.bytes < 5000], [0, true]);
  assert.match(machine.mkma(['persist', '--all']).stdout, /nothing to save/);
  assert.deepEqual(machine.boot(), []);
  assert.equal(warnings(), '');
  assert.deepEqual(
    ['a', 'b', 'c', 'empty'].map((name) => modeOf(`etc/${name}`)),
    ['600', '600', '600', '600'],
  );
  assert.equal(readFileSync(at('etc/b'), 'utf8'), 'b'.repeat(100_000));
  const note = execFileSync('getfattr', ['--only-values', '-n', 'user.note', at('etc/b')], {
    encoding: 'utf8',
  });
  assert.equal(note, 'kept');
  const shown = machine.mkma(['layers', 'show', saved.layer.layer]).stdout;
  assert.match(shown, / \/etc\/b {2}\(metadata only, user\.note\)\n/);
  assert.match(shown, /: 1 file, metadata of 3 files, 2 folders, 1 entry with attributes, 0 B in RAM\n/);
  const blamed = machine.mkma(['layers', 'blame', '/etc/a']).stdout;
  assert.match(blamed, /metadata only\n[\s\S]*\/etc\/a comes from 2\d+_\d+, its content from base\n$/);
  const file = join(folder.path, 'layer.cpio.zst');
  machine.onStorage((storage) =>
    writeFileSync(file, readFileSync(join(storage, 'images', `persistence.${saved.layer.layer}.cpio.zst`))),
  );
  const inspected = spawnSync(process.execPath, [join(repository, 'dist/host/main.js'), 'inspect', file], {
    encoding: 'utf8',
  });
  assert.match(
    inspected.stdout,
    /\n {2}metadata {4}of 3 more files without content: applied by early boot, not by other tools\n/,
  );
});

test('written to, such a file is whole again, in RAM and in the next layer', () => {
  chmodSync(at('etc/a'), 0o600);
  save();
  appendFileSync(at('etc/a'), 'more');
  const saved = save();
  assert.deepEqual(saved.changes, [{ kind: 'changed', path: '/etc/a' }]);
  assert.ok(saved.unpackedBytes > 100_000);
  machine.boot();
  assert.equal(readFileSync(at('etc/a'), 'utf8'), `${'a'.repeat(100_000)}more`);
});

test('on the metadata of a layer, more metadata; without that layer, only what is the same below', () => {
  appendFileSync(at('etc/b'), 'of the first');
  const first = save();
  machine.boot();
  for (const name of ['a', 'b']) chmodSync(at(`etc/${name}`), 0o640);
  assert.deepEqual(
    save().changes.map(({ kind }) => kind),
    ['metadata', 'metadata'],
  );
  machine.boot();
  chmodSync(at('etc/a'), 0o444);
  assert.deepEqual(
    save().changes.map(({ kind }) => kind),
    ['metadata'],
  );
  machine.boot();
  assert.deepEqual([modeOf('etc/a'), modeOf('etc/b')], ['444', '640']);
  assert.equal(machine.mkma(['layers', 'disable', first.layer.layer]).code, 0);
  assert.deepEqual(machine.boot(), []);
  assert.match(
    warnings(),
    /content is another one here, or that are gone; they keep what they have: \/etc\/b$/m,
  );
  assert.deepEqual([modeOf('etc/a'), modeOf('etc/b')], ['444', '644']);
  assert.equal(readFileSync(at('etc/b'), 'utf8'), 'b'.repeat(100_000));
});

test('on another base it applies to files with the same content; others are named, and one that is gone stays gone', () => {
  for (const name of ['a', 'b', 'c']) chmodSync(at(`etc/${name}`), 0o600);
  save();
  writeFileSync(join(base, 'etc/b'), 'B'.repeat(100_000));
  rmSync(join(base, 'etc/c'));
  machine.changeBase({ id: `sha256:${'cd'.repeat(32)}` });
  assert.deepEqual(machine.boot(), []);
  assert.match(warnings(), /they keep what they have: \/etc\/b, \/etc\/c$/m);
  assert.deepEqual([modeOf('etc/a'), modeOf('etc/b'), existsSync(at('etc/c'))], ['600', '644', false]);
  assert.equal(readFileSync(at('etc/b'), 'utf8'), 'B'.repeat(100_000));
});

test('accounts are saved whole: layers are judged by them', () => {
  chmodSync(at('etc/passwd'), 0o600);
  assert.deepEqual(save().changes, [{ kind: 'changed', path: '/etc/passwd' }]);
  machine.boot();
  assert.equal(readFileSync(at('etc/passwd'), 'utf8'), 'root:x:0:0::/root:/bin/sh\n');
});

/** A layer of which the only segment is this. */
function layerOf(segment: Buffer, records: number, more: Partial<LayerManifest> = {}): Buffer {
  const packed = spawnSync('zstd', ['-q', '-c', '--check'], { input: segment }).stdout;
  const sha256 = createHash('sha256').update(packed).digest('hex');
  const segments = [{ size: packed.length, bytes: segment.length, frames: 1, records, sha256 }];
  const { kind: _, ...common } = BASE;
  const layer = { base: BASE.id, deletions: [], opaque: [] };
  const content = { segments, attributes: [], layer };
  const id = `sha256:${createHash('sha256').update(identity(content)).digest('hex')}`;
  const manifest = {
    ...common,
    ...content,
    kind: 'layer',
    id,
    unpackedBytes: 4096,
    ...more,
  } as LayerManifest;
  const frame = encodeManifest(manifest);
  const entries = [
    { size: HEAD_SIZE, bytes: 0 },
    { size: packed.length, bytes: segment.length },
    { size: frame.length, bytes: 0 },
  ];
  return Buffer.concat([encodeHead(), packed, frame, encodeSeekTable(entries)]);
}

test('marks that somebody put into a layer are not followed', () => {
  const tree = join(folder.path, 'marked');
  mkdirSync(join(tree, 'etc/moved'), { recursive: true });
  writeFileSync(join(tree, 'etc/a'), 'own');
  execFileSync('setfattr', ['-n', 'trusted.overlay.redirect', '-v', '/etc', join(tree, 'etc/moved')]);
  execFileSync('setfattr', ['-n', 'trusted.overlay.metacopy', join(tree, 'etc/a')]);
  const argv = ['--xattrs', '--xattrs-include=*', '--format=pax', '-C', tree, '-cf', '-', '.'];
  const archive = execFileSync('tar', argv);
  assert.match(archive.toString('latin1'), /trusted\.overlay\.redirect/);
  const attributes = [{ path: 'etc/a', values: { 'trusted.overlay.redirect': 'L2V0Yy9i' } }];
  machine.onStorage((storage) => {
    writeFileSync(join(storage, 'images/persistence.1.cpio.zst'), layerOf(archive, 4));
    writeFileSync(join(storage, 'images/persistence.2.cpio.zst'), layerOf(archive, 4, { attributes }));
  });
  const leftOut = machine.boot();
  assert.deepEqual(
    leftOut.map(({ layer, problem }) => [layer, problem?.code]),
    [['2', 'image-damaged']],
  );
  assert.deepEqual(readdirSync(at('etc/moved')), []);
  assert.equal(readFileSync(at('etc/a'), 'utf8'), 'own');
});
