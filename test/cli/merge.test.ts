/** `mkma layers merge` on the machine: one layer shows the same, this boot goes on as it was, and nothing is lost on the way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { layersAmong } from '../../src/core/set/layer-names.js';
import { repository, temporary } from './cli.js';
import { sharedImages } from './images.js';
import { TestMachine } from './persist/machine.js';
import { inOwnMounts } from './persist/namespace.js';
import { describeTree } from './persist/view.js';

inOwnMounts(import.meta.url);

const folder = temporary();
const machine = new TestMachine({
  ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: folder.path },
  ...{ storageBytes: 64 * 2 ** 20, ramBytes: 2 ** 26 },
});
process.on('exit', () => {
  machine.close();
  folder[Symbol.dispose]();
});
const at = (path: string): string => join(machine.merged, path);

beforeEach(() => {
  machine.newBase((base) => {
    for (const path of ['etc', 'srv', 'srv/deep']) mkdirSync(join(base, path));
    for (const path of ['etc/kept', 'etc/mode', 'srv/gone', 'srv/deep/below', 'etc/below'])
      writeFileSync(join(base, path), `the base's ${path}`);
  });
  machine.boot();
});

function mkma(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(args);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** A layer of all changes; returns its name. */
function save(...args: string[]): string {
  // What has just changed is saved again by the next (core/overlay/snapshot.ts, TICK).
  machine.sh('sleep 0.15', '');
  const { layer } = JSON.parse(mkma('persist', '--all', '--level', '1', '--json', ...args)) as {
    layer: { layer: string };
  };
  return layer.layer;
}

function refused(code: string, ...args: string[]): { why?: string; next?: string } {
  const ended = machine.mkma([...args, '--json']);
  assert.notEqual(ended.code, 0, ended.stdout);
  const { error } = JSON.parse(ended.stdout) as { error: { code: string; why?: string; next?: string } };
  assert.equal(error.code, code, ended.stdout);
  return error;
}

/** What early boot has to say of the layers. */
function bootWarnings(): string[] {
  const { images } = JSON.parse(readFileSync(join(machine.root, 'run/mkma/boot.json'), 'utf8')) as {
    images: { warnings?: string[] }[];
  };
  return images.flatMap(({ warnings = [] }) => warnings);
}

const names = (): string[] => layersAmong(machine.files()).map(({ name }) => name);
const show = (name: string) =>
  JSON.parse(mkma('layers', 'show', name, '--json')) as {
    id: string;
    after?: string;
    base?: string;
    entries: { path: string; metadataOnly?: true; opaque: boolean }[];
    deletions: string[];
  };

/** Four layers with all that layers can have, in both formats. */
function fourLayers(): void {
  writeFileSync(at('etc/new'), 'one');
  rmSync(at('srv/deep'), { recursive: true });
  rmSync(at('srv/gone'));
  writeFileSync(at('srv/a'), 'linked');
  linkSync(at('srv/a'), at('srv/b'));
  linkSync(at('srv/a'), at('srv/c'));
  mkdirSync(at('srv/temporary'));
  writeFileSync(at('srv/temporary/file'), 'gone soon');
  save();
  mkdirSync(at('srv/deep'));
  writeFileSync(at('srv/deep/other'), 'in its place');
  chmodSync(at('etc/new'), 0o600);
  machine.sh('setfattr -n user.kind -v two "$0"', at('etc/new'));
  save('--format', 'erofs');
  // In place of one of the names alone.
  rmSync(at('srv/c'));
  writeFileSync(at('srv/c'), 'another');
  chmodSync(at('etc/mode'), 0o640);
  rmSync(at('srv/temporary'), { recursive: true });
  save('--format', 'cpio');
  writeFileSync(at('etc/new'), 'four');
  rmSync(at('etc/kept'));
  save('--format', 'erofs');
}

test('layers of both formats as one: deletions, folders made again, links, metadata; also where one below is gone', () => {
  writeFileSync(at('etc/below'), 'the lowest');
  const lowest = save();
  fourLayers();
  const before = describeTree(machine.merged);
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), before);
  const [, first, , , last] = names();
  mkma('layers', 'disable', lowest);
  machine.boot();
  const without = describeTree(machine.merged);
  mkma('layers', 'enable', lowest);
  const said = mkma('layers', 'merge', `${first}..${last}`);
  assert.match(said, /^merged 4 layers, .* into persistence\.\d+_\d+_merged\.cpio\.zst, /m);
  const [, merged = ''] = names();
  assert.deepEqual(names(), [lowest, merged]);
  const { entries, deletions } = show(merged);
  assert.deepEqual(
    entries.filter(({ opaque }) => opaque).map(({ path }) => path),
    ['srv/deep'],
  );
  assert.deepEqual(
    entries.filter(({ metadataOnly }) => metadataOnly).map(({ path }) => path),
    ['etc/mode'],
  );
  assert.deepEqual(deletions, ['etc/kept', 'srv/gone', 'srv/temporary']);
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(lstatSync(at('srv/a')).ino, lstatSync(at('srv/b')).ino);
  mkma('layers', 'disable', lowest);
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), without);
});

test('without a range all are merged, into either format, and what was left of a layer follows on what was merged', () => {
  fourLayers();
  const before = describeTree(machine.merged);
  assert.match(mkma('layers', 'merge', '--dry-run'), /^would be merged: 4 layers/m);
  assert.equal(names().length, 4);
  // The metadata of a file of the base is in an archive alone.
  assert.match(refused('layer-not-mergeable', 'layers', 'merge', '--format', 'erofs').next ?? '', /cpio/);
  const { merged, layer } = JSON.parse(mkma('layers', 'merge', '--json', '--name', 'all')) as {
    merged: string[];
    layer: { layer: string; file: string; id: string };
  };
  assert.equal(merged.length, 4);
  assert.match(layer.file, /_all\.cpio\.zst$/);
  assert.deepEqual(names(), [layer.layer]);
  // Nothing is listed again, and the next layer is made on the merged one.
  assert.equal(mkma('persist', '--all', '--dry-run'), 'nothing to save\n');
  writeFileSync(at('etc/more'), 'more');
  const more = save();
  assert.equal(show(more).after, layer.id);
  assert.equal(mkma('layers', 'merge', '--dry-run').split('\n')[0], layer.layer);
  const complete = describeTree(machine.merged).length;
  machine.boot();
  assert.equal(describeTree(machine.merged).length, complete);
  assert.deepEqual(bootWarnings(), []);
  rmSync(at('etc/more'));
  save();
  mkma('layers', 'merge', '--format', 'cpio');
  assert.equal(names().length, 1);
  machine.boot();
  assert.deepEqual(describeTree(machine.merged), before);
  assert.equal(mkma('layers', 'merge'), 'nothing to merge\n');
});

test('a layer that was made on one that was merged fits: no boot warns', () => {
  const made = [1, 2, 3, 4].map((i) => {
    writeFileSync(at(`etc/${i}`), String(i));
    return save();
  });
  mkma('layers', 'merge', `${made[0]}..${made[1]}`);
  mkma('layers', 'merge', `..${made[2]}`);
  assert.equal(names().length, 2);
  const [, top = ''] = names();
  machine.boot();
  assert.deepEqual(bootWarnings(), []);
  const list = JSON.parse(mkma('layers', 'list', '--json')) as {
    layers: { warnings: string[]; applied: boolean }[];
  };
  assert.deepEqual(
    list.layers.map(({ warnings, applied }) => [warnings, applied]),
    [
      [[], true],
      [[], true],
    ],
  );
  // It is still needed by the layer above.
  assert.match(refused('layer-needed', 'layers', 'drop', names()[0] ?? '').why ?? '', new RegExp(top));
});

test('old layers that power left beside the new one are not applied, and the next merge removes them', () => {
  fourLayers();
  const before = describeTree(machine.merged);
  const kept = folder.path;
  const files = layersAmong(machine.files()).map(({ file }) => file);
  const copies = (from: string, to: string, some: readonly string[]): void => {
    for (const file of some) copyFileSync(join(from, file), join(to, file));
  };
  machine.onStorage((storage) => copies(join(storage, 'images'), kept, files));
  mkma('layers', 'merge');
  for (const some of [files, files.slice(1, 3), files.slice(3)]) {
    machine.onStorage((storage) => copies(kept, join(storage, 'images'), some));
    const left = machine.boot();
    assert.deepEqual(
      left.map(({ problem }) => problem?.code),
      some.map(() => 'layer-merged'),
    );
    assert.deepEqual(describeTree(machine.merged), before);
    const { layers } = JSON.parse(mkma('layers', 'list', '--json')) as {
      layers: { leftOut?: { code: string } }[];
    };
    assert.deepEqual(
      layers.flatMap(({ leftOut }) => leftOut?.code ?? []),
      some.map(() => 'layer-merged'),
    );
    refused('layer-merged', 'layers', 'disable', names().at(-1) ?? '');
    mkma('layers', 'merge');
    assert.equal(names().length, 1);
  }
});

test('what cannot be merged is refused with what to do, and nothing is changed', () => {
  const made = [1, 2, 3, 4].map((i) => {
    writeFileSync(at(`etc/${i}`), String(i));
    return save();
  });
  const [a = '', b = '', c = '', d = ''] = made;
  mkma('layers', 'disable', c);
  const before = machine.files();
  assert.match(refused('layer-not-mergeable', 'layers', 'merge', `${a}..${d}`).next ?? '', /layers enable/);
  assert.match(refused('layer-not-mergeable', 'layers', 'merge', a, d).why ?? '', /between/);
  refused('merge-range-reversed', 'layers', 'merge', `${b}..${a}`);
  refused('merge-needs-two', 'layers', 'merge', a);
  refused('no-such-layer', 'layers', 'merge', `${a}..nothing`);
  refused('label-invalid', 'layers', 'merge', '--name', 'a/b');
  assert.deepEqual(machine.files(), before);
  // By default those that can be, and it is said of the others.
  const said = mkma('layers', 'merge');
  assert.match(said, /^\S+ stays as it is: it is disabled$/m);
  assert.match(said, /^merged 2 layers/m);
});

test('a damaged layer is refused before anything is written', () => {
  for (let i = 0; i < 3; i++) {
    writeFileSync(at(`etc/${i}`), randomBytes(100_000));
    save();
  }
  const [, middle = ''] = layersAmong(machine.files()).map(({ file }) => file);
  machine.onStorage((storage) => {
    const path = join(storage, 'images', middle);
    const bytes = readFileSync(path);
    bytes[50_000] = (bytes[50_000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  });
  const before = machine.files();
  refused('image-damaged', 'layers', 'merge');
  machine.onStorage((storage) => truncateSync(join(storage, 'images', middle), 40_000));
  refused('layer-not-mergeable', 'layers', 'merge', '..');
  assert.deepEqual(machine.files(), before);
});

test('without room on the medium it is refused with numbers', () => {
  for (const name of ['one', 'two']) {
    writeFileSync(at(`etc/${name}`), randomBytes(15 * 2 ** 20));
    save();
  }
  const before = machine.files();
  const { why = '' } = refused('storage-full', 'layers', 'merge');
  assert.match(why, /will take about 30\.\d MiB, and \d+(\.\d)? MiB are free/);
  assert.deepEqual(machine.files(), before);
});

test('without room in the RAM of the next boot it is refused; in a form that has room it is made', () => {
  for (const name of ['one', 'two']) {
    writeFileSync(at(`etc/${name}`), Buffer.alloc(18 * 2 ** 20, name));
    save('--format', 'erofs');
  }
  const before = machine.files();
  refused('ram-too-small', 'layers', 'merge', '--format', 'cpio');
  assert.deepEqual(machine.files(), before);
  mkma('layers', 'merge', '--format', 'erofs');
  assert.equal(names().length, 1);
});

for (const delay of [0, 200, 900]) {
  test(`Ctrl-C ${delay} ms after the packing began leaves the old layers, and nothing else`, async () => {
    for (const name of ['one', 'two']) {
      writeFileSync(at(`etc/${name}`), randomBytes(5 * 2 ** 20).toString('hex'));
      save();
    }
    const before = machine.files();
    const command = `chroot '${machine.root}' /usr/bin/mkma layers merge --level 19`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SHELL: '/bin/sh', TERM: 'dumb' },
    });
    let screen = '';
    let pressed = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
      if (pressed || !screen.includes('packing')) return;
      pressed = true;
      setTimeout(() => child.stdin.write('\x03'), delay);
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    assert.match(screen, /error: interrupted \[interrupted\]\r\n {2}next: nothing was merged\r\n$/);
    assert.equal(code, 130);
    assert.deepEqual(machine.files(), before);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    assert.doesNotMatch(mounts, /run\/mkma\/(storage|merge|work)/);
  });
}

test('two at a time: the second one is refused', async () => {
  writeFileSync(at('etc/one'), '1');
  save();
  const lock = join(machine.root, 'run/mkma/persist.lock');
  const holding = spawn('flock', [lock, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => holding.stdout.once('data', resolve));
  refused('layers-locked', 'layers', 'merge');
  const ended = new Promise((resolve) => holding.once('close', resolve));
  machine.sh('pkill -P "$0"', String(holding.pid));
  await ended;
});
