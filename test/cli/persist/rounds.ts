/**
 * Random changes over several rounds: persisted, booted, compared. rounds.js IMAGES DIST SCRATCH SEED ROUNDS, in a mount
 * namespace of its own. A round is a snapshot.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { layerName } from '../../../src/core/set/layer-names.js';
import { encodeName } from '../../../src/core/text/path.js';
import { TestMachine } from './machine.js';
import { mutate } from './mutate.js';
import { Chance } from './random.js';
import { describeTree } from './view.js';

const [images, dist, scratch, seedText, roundsText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const seed = Number(seedText);
const rounds = Number(roundsText);
/** Ways to save. */
const formats = [
  ['--level', '1'],
  ['--level', '8'],
  ['--format', 'erofs'],
  ['--format', 'erofs', '--level', '1'],
];
/** Boots after which a machine begins anew with an empty folder of images. */
const LIFE = 4;

const machine = new TestMachine({ images, dist, scratch });
process.on('exit', () => machine.close());
const chance = new Chance(seed);
const times: Record<string, number> = {};
function timed<T>(what: string, work: () => T): T {
  const start = performance.now();
  const value = work();
  times[what] = (times[what] ?? 0) + performance.now() - start;
  return value;
}
/** Lines that only one of both has. */
function differences(before: readonly string[], after: readonly string[]): string {
  const [had, has] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !has.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !had.has(line)).map((line) => `+ ${line}`),
  ].join('\n');
}

/**
 * Boots without one of the layers, which is disabled or dropped: what the highest one has is still what was saved. Of files of
 * which it has the metadata alone, those apply where the content is there; others keep what they have.
 */
function dropOne(before: readonly string[]): void {
  const names = machine.files().flatMap((file) => layerName(file) ?? []);
  if (names.length < 2) return;
  const top = names.at(-1) as string;
  const gone = names[chance.number(names.length - 1)] as string;
  const how = chance.pick([['disable'], ['drop', '--force']]);
  assert.equal(machine.mkma(['layers', ...how, gone]).code, 0);
  assert.deepEqual(machine.boot(), [], `without ${gone}: layers are left out`);
  const shown = machine.mkma(['layers', 'show', top, '--json']);
  const { entries } = JSON.parse(shown.stdout) as {
    entries: { path: string; type: string; metadataOnly?: true; opaque: boolean }[];
  };
  const line = (lines: readonly string[], path: string): string | undefined => {
    const name = `/${Buffer.from(encodeName(path)).toString('latin1').replaceAll('\n', '\\n')}: `;
    return lines.find((one) => one.startsWith(name))?.replace(/ file \d+$/, '');
  };
  const after = describeTree(machine.merged);
  for (const { path, type, metadataOnly } of entries) {
    // Folders of which only the content is of the layer are as they are below it.
    if (type === 'd') continue;
    const [had, has] = [line(before, path), line(after, path)];
    if (metadataOnly === true) kept[has === had ? 0 : 1]++;
    else assert.equal(has, had, `${path} of ${top}, without ${gone}`);
  }
}

/** Ways to merge; the last needs all contents. */
const ways = [
  ['--level', '1'],
  ['--level', '1', '--format', 'cpio'],
  [],
  ['--format', 'erofs', '--level', '1'],
];
/** Layers that were merged, and merges. */
let [gone, merges] = [0, 0];

/** Makes one of a few neighbours, whatever this boot knows of them. */
function mergeSome(): void {
  const names = machine.files().flatMap((file) => layerName(file) ?? []);
  if (names.length < 2) return;
  const from = chance.number(names.length - 1);
  const to = from + 1 + chance.number(names.length - from - 1);
  const range = `${names[from]}..${names[to]}`;
  const how = chance.pick(ways);
  let ended = timed('merge', () => machine.mkma(['layers', 'merge', range, ...how]));
  if (how.includes('erofs') && ended.code !== 0 && /layer-not-mergeable/.test(ended.stderr))
    ended = machine.mkma(['layers', 'merge', range]);
  assert.equal(ended.code, 0, `merging ${range} of ${names.join(' ')}: ${ended.stderr}${ended.stdout}`);
  const left = machine.files().flatMap((file) => layerName(file) ?? []);
  assert.equal(left.length, names.length - (to - from), ended.stdout);
  gone += to - from + 1;
  merges++;
}

/** Gives a layer another label, or puts a copy of the highest one in its place. */
function renameOrCopy(): void {
  const names = machine.files().flatMap((file) => layerName(file) ?? []);
  const name = chance.pick(names);
  const top = names.at(-1);
  if (name === undefined || top === undefined) return;
  const done = (...args: string[]): void => {
    const ended = machine.mkma(['layers', ...args]);
    assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}${ended.stdout}`);
  };
  if (chance.number(2) === 0) {
    // Some labels would change the order, and are refused.
    const ended = machine.mkma(['layers', 'rename', name, chance.pick(['a', 'z', 'merged'])]);
    assert.ok(ended.code === 0 || /layer-order|layer-unchanged/.test(ended.stderr), ended.stderr);
    return;
  }
  const file = machine.files().findLast((one) => layerName(one) !== undefined) ?? '';
  done('export', '--force', top, `/tmp/${file}`);
  done('drop', top);
  done('import', `/tmp/${file}`);
}

/** Files with the metadata alone in such boots: how many were as saved, and how many kept what they have. */
const kept: [same: number, others: number] = [0, 0];
let done = 0;
let boots = 0;
for (; done < rounds; boots++) {
  if (boots % LIFE === 0) {
    machine.newBase((folder) => {
      mkdirSync(`${folder}/etc`);
      for (let i = 0; i < 30; i++) mutate(chance, Buffer.from(folder));
    });
    machine.boot();
  }
  const snapshots = 1 + chance.number(3);
  for (let i = 0; i < snapshots; i++, done++) {
    for (let k = 1 + chance.number(12); k > 0; k--)
      timed('mutate', () => mutate(chance, Buffer.from(machine.merged)));
    // So that what did not change afterwards is seen not to have (core/overlay/snapshot.ts, TICK).
    const settled = chance.number(2) === 0;
    if (settled) await sleep(120);
    const how = chance.pick(formats);
    const ended = timed('persist', () => machine.mkma(['persist', '--all', ...how]));
    assert.equal(ended.code, 0, `round ${done}: ${ended.stderr}${ended.stdout}`);
    if (chance.number(3) === 0) mergeSome();
    if (chance.number(3) === 0) renameOrCopy();
    if (settled && chance.number(3) === 0) {
      const again = timed('look', () => machine.mkma(['persist', '--all', '--dry-run']));
      assert.equal(again.stdout, 'nothing to save\n', `round ${done}, once more: ${again.stderr}`);
    }
  }
  if (chance.number(3) === 0) mergeSome();
  const before = timed('describe', () => describeTree(machine.merged));
  assert.deepEqual(
    timed('boot', () => machine.boot()),
    [],
    `round ${done}, boot ${boots}: layers are left out`,
  );
  const after = timed('describe', () => describeTree(machine.merged));
  assert.equal(differences(before, after), '', `round ${done}, boot ${boots}`);
  if (chance.number(3) === 0) {
    mergeSome();
    assert.deepEqual(machine.boot(), [], `round ${done}, boot ${boots}, merged`);
    const merged = timed('describe', () => describeTree(machine.merged));
    assert.equal(differences(after, merged), '', `round ${done}, boot ${boots}, merged`);
  }
  if (boots % LIFE === LIFE - 1) dropOne(after);
}
if (process.env.MKMA_TEST_TIMES) process.stderr.write(`${JSON.stringify(times)}\n`);
process.stdout.write(`${done} snapshots, ${boots} boots, ${merges} merges of ${gone} layers\n`);
if (process.env.MKMA_TEST_TIMES) process.stderr.write(`metadata: ${kept.join(', ')}\n`);
