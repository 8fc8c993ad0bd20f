/** Early boot leaves layers out that were made on other accounts or packages than lie below them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Records } from '../../../src/core/records/records.js';
import { bootMachine } from '../../../src/guest/init/boot.js';
import { imageFile } from '../core/sample.js';
import type { FakeMachine } from './fake-machine.js';
import { MANIFEST } from './good-machine.js';
import { layer, lowerFolders, record, withLayers } from './layered-machine.js';

const sum = (letter: string): string => letter.repeat(64);
const OWNERS = { users: {}, groups: {} };

/** A base whose passwd(5) is this. */
const base = (passwd: string): Uint8Array =>
  imageFile({ ...MANIFEST, records: { files: { 'etc/passwd': sum(passwd) }, users: {}, groups: {} } });
/** Records of a layer with a passwd of its own, made on that one. */
const onto = (below: string, own: string): Records => ({
  ...{ files: { 'etc/passwd': sum(own) }, users: {}, owners: OWNERS },
  below: { 'etc/passwd': sum(below) },
});
const layers = {
  a: layer('1', {}, { records: onto('a', 'b') }),
  b: layer('2', {}, { records: onto('b', 'c') }),
  c: layer('3', {}, { records: { files: {}, owners: OWNERS } }),
};
const names = (machine: FakeMachine): string[] =>
  lowerFolders(machine)
    .map((folder) => folder.slice(folder.lastIndexOf('/') + 1))
    .reverse();

test('on the base that they were made on all are applied, and nothing is read for it', () => {
  const machine = withLayers(layers, '', base('a'));
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(names(machine), ['base', 'a', 'b', 'c']);
  assert.ok(!machine.calls.some((call) => call.startsWith('sha256sum')));
});

test('an identity between layers is in no chain: nothing is composed for the one above it, also after it was replaced', () => {
  const identity = { needs: ['identity'], records: { files: {}, owners: OWNERS } };
  const mark = { identity: { bound: 'medium' } } as const;
  const made = (id: string, after: string, records: Records) =>
    layer(id, { after: `sha256:${after.repeat(64)}` }, { records });
  for (const id of ['8', '9']) {
    const machine = withLayers(
      { a: layers.a, b: layer(id, mark, identity), c: made('2', '1', onto('b', 'c')) },
      '',
      base('a'),
    );
    assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
    assert.deepEqual(names(machine), ['base', 'a', 'b', 'c']);
    assert.ok(!machine.calls.some((call) => call.includes('/mkma/chain')), machine.calls.join('\n'));
    assert.deepEqual(
      record(machine).images.map((image) => [image.identity, image.warnings]),
      [undefined, undefined, 'medium', undefined].map((bound) => [bound, undefined]),
    );
  }
});

test('on another base, those with accounts are left out before anything of them is loaded', () => {
  const machine = withLayers(layers, '', base('d'));
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(names(machine), ['base', 'c']);
  assert.ok(!machine.calls.includes('mkdir /ram/view/layers/a'));
  const codes = record(machine).leftOut.map(({ layer: name, asked, problem }) => [
    name,
    asked,
    problem?.code,
  ]);
  assert.deepEqual(codes, [
    ['a', false, 'layer-other-accounts'],
    ['b', false, 'layer-other-accounts'],
  ]);
  const told = machine.lines.join('\n');
  assert.match(
    told,
    /layer a LEFT OUT, nothing of it is applied:\n.*made on accounts that differ from those below it/,
  );
  assert.match(told, /mkma_layers=!a /);
});

test('a name with ! before it is applied all the same, and so is what was made on it', () => {
  const machine = withLayers(layers, 'mkma_layers=!a', base('d'));
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(names(machine), ['base', 'a', 'b', 'c']);
  assert.match(record(machine).images[1]?.warnings?.[0] ?? '', /applied anyway, as mkma_layers requests/);
});

test('a layer that fails is not what the next one was made on', () => {
  const machine = withLayers(layers, '', base('a'));
  machine.partAnswer = (argv) =>
    argv.some((word) => word.includes('persistence.a')) ? { code: 1, stderr: 'dd: error' } : undefined;
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(names(machine), ['base', 'c']);
  assert.equal(record(machine).leftOut[1]?.problem?.code, 'layer-other-accounts');
});

test('what images without records hold is looked up where they lie unpacked', () => {
  const { a, c } = layers;
  const made = layer('4', {}, { records: onto('e', 'f') });
  // A base and a layer of old, the layer with a passwd, and one made on that.
  const machine = withLayers({ 0: layer('5'), a, c, d: made });
  for (const folder of ['base', 'layers/0']) {
    for (const path of ['etc', 'var', 'var/lib'])
      machine.files.set(`/ram/view/${folder}/${path}`, { kind: 'directory' });
    machine.files.set(`/ram/view/${folder}/etc/passwd`, { content: 'root:x:0:0::/root:/bin/sh\n' });
  }
  const before = machine.answer;
  machine.answer = (argv, fake) => {
    if (argv[0] !== 'sha256sum') return before(argv, fake);
    return { stdout: `${sum(argv.join().includes('layers/0') ? 'e' : 'a')}  x\n` };
  };
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(names(machine), ['base', '0', 'c', 'd']);
});

test('composing that fails costs the layers it was for, and never the boot', () => {
  const own = { 'etc/passwd': { set: ['anna'] } };
  const machine = withLayers(
    { a: layer('1', {}, { records: { ...onto('a', 'b'), own } }), c: layers.c },
    '',
    imageFile({ ...MANIFEST, id: `sha256:${sum('9')}`, records: { files: { 'etc/passwd': sum('d') } } }),
  );
  machine.files.set('/ram/view/base/etc', { kind: 'directory' });
  machine.files.set('/ram/view/layers/a/etc', { kind: 'directory' });
  machine.files.set('/ram/view/base/etc/passwd', { content: 'root:x:0:0::/:/bin/sh\n' });
  machine.files.set('/ram/view/layers/a/etc/passwd', { content: 'anna:x:1000:1000::/:/bin/sh\n' });
  const before = machine.answer;
  machine.answer = (argv, fake) =>
    argv.includes('/ram/view/composed') ? { code: 1, stderr: 'no room' } : before(argv, fake);
  assert.equal(bootMachine(machine), true, machine.lines.join('\n'));
  assert.deepEqual(
    record(machine).images.map(({ layer: name }) => name),
    [undefined, 'c'],
  );
  assert.deepEqual(
    record(machine).leftOut.map(({ layer: name, problem }) => [name, problem?.code]),
    [['a', 'bug']],
  );
  assert.ok(machine.calls.includes('rm -rf /ram/view/composed'));
});
