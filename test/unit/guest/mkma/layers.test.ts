/** Images on the storage, read with programs: what a fake machine can show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newcHead, newcPadding, newcTrailer, S_IFREG } from '../../../../src/core/archive/cpio.js';
import { concatBytes } from '../../../../src/core/text/bytes.js';
import { digestsIn } from '../../../../src/guest/mkma/digests.js';
import { openImages } from '../../../../src/guest/mkma/images-folder.js';
import { readTree } from '../../../../src/guest/mkma/layers/folder.js';
import { BASE, EROFS_BASE, erofsFile, imageFile } from '../../core/sample.js';
import { type Answer, FakeMachine } from '../fake-machine.js';
import { bootedMachine, mkma, RECORD } from './booted.js';

const FOLDER = '/run/mkma/storage/img';

function archive(...names: string[]): Uint8Array {
  const plain = { ino: 0, nlink: 1, uid: 0, gid: 0, mtime: 0, rdevMajor: 0, rdevMinor: 0 };
  const records = names.map((name) => {
    const data = new Uint8Array(5000).fill(1);
    const head = newcHead({ ...plain, mode: S_IFREG | 0o644, size: data.length }, name);
    return concatBytes([head, data, new Uint8Array(newcPadding(data.length))]);
  });
  return concatBytes([...records, newcTrailer()]);
}

/** A machine whose storage holds the layer `x`, made by hand, of which zstd makes `output`. */
function withLayer(output: Uint8Array): FakeMachine {
  const machine = bootedMachine();
  machine.files.set(FOLDER, { kind: 'directory' });
  machine.files.set(`${FOLDER}/persistence.x.cpio.zst`, { content: Uint8Array.of(1, 2, 3) });
  machine.files.set('/dev/vda', { kind: 'block' });
  machine.output = (argv) => (argv[0] === 'zstd' ? output : undefined);
  machine.files.set('/proc/self/status', { content: 'Uid:\t0\t0\t0\t0\n' });
  return machine;
}

function read(machine: FakeMachine) {
  const stored = openImages(machine, RECORD, FOLDER);
  assert.ok(stored.ok && stored.value.layers[0] !== undefined);
  return readTree(machine, FOLDER, stored.value.layers[0]);
}

test('an archive is read as it comes, and its file given to zstd as a name', () => {
  const machine = withLayer(archive('a', 'b'));
  const tree = read(machine);
  assert.ok(tree.ok);
  assert.deepEqual([...tree.value.entries.keys()], ['a', 'b']);
  assert.ok(machine.calls.includes(`zstd -q -dc -- ${FOLDER}/persistence.x.cpio.zst`));
});

test('what is no archive, one that ends too soon, and a program that fails', () => {
  const problem = (machine: FakeMachine) => {
    const tree = read(machine);
    return tree.ok ? undefined : [tree.problem.what, tree.problem.where, tree.problem.why];
  };
  const where = 'persistence.x.cpio.zst';
  const damaged = 'the image is damaged';
  assert.deepEqual(problem(withLayer(new Uint8Array(5000))), [
    damaged,
    where,
    'it is not a newc archive, or is damaged',
  ]);
  const cut = withLayer(archive('a').slice(0, 3000));
  assert.deepEqual(problem(cut), [damaged, where, 'it ends before its trailer']);
  const broken = withLayer(archive('a').slice(0, 3000));
  broken.answer = (argv) =>
    argv[0] === 'zstd' ? { code: 1, stderr: `${FOLDER}/x: premature end\n` } : undefined;
  assert.deepEqual(problem(broken), ['cannot read the image', where, 'x: premature end']);
});

test('a medium that does not give the bytes of a file is told as that, not as a damaged image', () => {
  const machine = withLayer(archive('a'));
  const base = erofsFile(EROFS_BASE);
  machine.files.set(`${FOLDER}/base.erofs`, { content: base });
  const plain = machine.readAt.bind(machine);
  const stored = openImages(machine, RECORD, FOLDER);
  assert.ok(stored.ok && stored.value.base !== undefined);
  const problem = {
    code: 'image-unreadable',
    what: 'cannot read the image',
    where: 'base.erofs',
    why: 'fewer bytes were read than the file has',
    next: 'check that its medium is still attached, and see dmesg',
  };
  // As QuickJS reads: fewer bytes, whatever the reason; and nothing at all, once the medium is gone.
  for (const given of [(bytes?: Uint8Array) => bytes?.subarray(0, 2000), () => undefined]) {
    machine.readAt = (path, at, length) => given(plain(path, at, length));
    const tree = readTree(machine, FOLDER, stored.value.base);
    assert.deepEqual(tree.ok ? undefined : tree.problem, problem);
  }
  machine.readAt = (path, at, length) => (at === 0 ? plain(path, at, length) : undefined);
  const again = openImages(machine, RECORD, FOLDER);
  assert.deepEqual(again.ok ? again.value.base?.problem : undefined, problem);
  // What is read whole and makes no sense is damaged.
  machine.readAt = plain;
  const tree = readTree(machine, FOLDER, stored.value.base);
  assert.deepEqual(tree.ok ? '' : tree.problem.what, 'the image is damaged');
});

test('verify: sums of what could not be read, or that nobody made, tell no damage', async () => {
  const machine = withLayer(archive('a'));
  machine.files.set(`${FOLDER}/base.cpio.zst`, { content: imageFile(BASE) });
  const plain = machine.answer;
  const verified = async (ended: Answer): Promise<string> => {
    machine.answer = (argv, fake) => (argv.join(' ').includes('sha256sum; done') ? ended : plain(argv, fake));
    return (await mkma(machine, ['layers', 'verify', 'base'])).out;
  };
  const sum = `${'0'.repeat(64)}  -\n`;
  const broken = await verified({ stdout: sum, stderr: `dd: ${FOLDER}/base.cpio.zst: I/O error\n` });
  assert.match(
    broken,
    /\n {2}cannot read the image: base\.cpio\.zst \[image-unreadable\]\n {4}why: dd: base\.cpio\.zst: I\/O error\n/,
  );
  const killed = await verified({ stdout: '', code: 137 });
  assert.match(killed, /cannot read the image: .*\n {4}why: dd or sha256sum ended early \(exit code 137\)\n/);
  assert.match(await verified({ stdout: sum }), /the image is damaged: .*\n {4}why: segment 1 of 1 /);
});

test('digests by path, whatever the names are', () => {
  const machine = new FakeMachine();
  const sum = 'ab'.repeat(32);
  machine.answer = () => ({ code: 123, stdout: `${sum}  ./new\nline\0${sum} *./b\0` });
  assert.deepEqual(
    [...digestsIn(machine, '/x', ['new\nline', 'b', 'c'])],
    [
      ['new\nline', sum],
      ['b', sum],
    ],
  );
  assert.deepEqual(machine.inputs[0]?.[1], './new\nline\0./b\0./c\0');
});

test('a change that is refused never mounts the storage for writing; one that is made does, and flushes', async () => {
  const machine = withLayer(archive('a'));
  const refused = await mkma(machine, ['layers', 'enable', 'x']);
  assert.equal(refused.code, 1, refused.err);
  assert.match(
    refused.err,
    /^error: the layer is already enabled: persistence\.x\.cpio\.zst \[layer-unchanged\]\n/,
  );
  assert.ok(machine.calls.some((call) => call.startsWith('mount --read-only')));
  assert.ok(!machine.calls.some((call) => call.startsWith('mount --rw')));
  const done = await mkma(machine, ['layers', 'disable', 'x']);
  assert.equal(done.code, 0, done.err);
  assert.ok(machine.files.has(`${FOLDER}/persistence.x.cpio.zst.disabled`));
  const [write, sync, release] = ['mount --rw', `sync ${FOLDER}`, 'umount'].map((start) =>
    machine.calls.findLastIndex((call) => call.startsWith(start)),
  ) as [number, number, number];
  assert.ok(0 <= write && write < sync && sync < release, machine.calls.join('\n'));
});

test('somebody else works on the layers; a medium that takes no name', async () => {
  const machine = withLayer(archive('a'));
  machine.locked = true;
  const busy = await mkma(machine, ['layers', 'disable', 'x']);
  assert.match(busy.err, /^error: another mkma is changing the layers: /);
  assert.equal(busy.code, 1);
  machine.locked = false;
  machine.rename = () => false;
  const failed = await mkma(machine, ['layers', 'disable', 'x']);
  assert.match(
    failed.err,
    /^error: cannot change the images folder: persistence\.x\.cpio\.zst \[images-folder-not-writable\]\n {2}why: cannot rename it to/,
  );
  assert.equal(failed.code, 1);
});
