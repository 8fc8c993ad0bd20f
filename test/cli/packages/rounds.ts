/**
 * Random rounds with packages: installed, upgraded, purged, saved, booted, with layers left out and bases built anew in
 * between. rounds.js IMAGES DIST SCRATCH SEED ROUNDS, in a mount namespace of its own.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { TestMachine } from '../persist/machine.js';
import { Chance } from '../persist/random.js';
import { emptyBase } from './base.js';
import { accountOf, COMMON, dependsOf, filesOf, NAMES, type Name, VERSIONS } from './generate.js';
import { Installer } from './installer.js';

const [images, dist, scratch, seedText, roundsText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const chance = new Chance(Number(seedText));
const rounds = Number(roundsText);
const machine = new TestMachine({ images, dist, scratch });
process.on('exit', () => machine.close());

/** What was done, printed where a check fails: the last rounds of it say how it came to that. */
const history: string[] = [];
process.on('uncaughtException', (error) => {
  process.stderr.write(`${history.slice(-60).join('\n')}\n${error.stack ?? error.message}\n`);
  process.exit(1);
});
const text = (versions: ReadonlyMap<Name, number | null>): string =>
  [...versions].map(([name, version]) => `${name}=${version ?? 'gone'}`).join(' ');

/** What is installed, and in which version. */
type Installed = Map<Name, number>;
/** What a layer changes: versions, or that a package is gone. */
type Delta = Map<Name, number | null>;

const packages = new Installer(machine);
/** Layers that there are, by name, the lowest first. */
let layers: { name: string; delta: Delta; users: string[] }[] = [];
let base: Installed = new Map();
let users: string[] = [];

/** Installs, upgrades or purges some packages, with those they need. */
function change(path: string, installed: Installed): void {
  const name = chance.pick(NAMES);
  if (installed.has(name) && chance.number(3) === 0) {
    const gone = NAMES.filter((one) => one === name || (dependsOf(one).includes(name) && installed.has(one)));
    packages.purge(path, ...gone);
    for (const one of gone) installed.delete(one);
    history.push(`  purge ${gone.join(' ')}`);
    return;
  }
  const needed = dependsOf(name).filter((one) => !installed.has(one));
  const all = [...needed, name].map((one) => [one, chance.pick(VERSIONS)] as const);
  packages.install(path, ...all);
  for (const [one, version] of all) installed.set(one, version);
  history.push(`  install ${text(new Map(all))}`);
}

/** An account as useradd(8) makes it. */
function addUser(root: string, name: string): void {
  const lines = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n');
  const id =
    Math.max(999, ...lines.map((line) => Number(line.split(':')[2] ?? 0)).filter((one) => one < 60_000)) + 1;
  appendFileSync(join(root, 'etc/passwd'), `${name}:x:${id}:${id}::/home/${name}:/bin/sh\n`);
  appendFileSync(join(root, 'etc/group'), `${name}:x:${id}:\n`);
  appendFileSync(join(root, 'etc/shadow'), `${name}:!:20000:0:99999:7:::\n`);
  const home = join(root, 'home', name);
  mkdirSync(home);
  writeFileSync(join(home, 'file'), name);
  machine.sh(`chown -R ${id}:${id} "$0"`, home);
}

/** A base with packages and users of its own, in an order of its own. */
function build(): void {
  history.push(layers.length === 0 ? 'a new base, without layers:' : 'the base is built anew:');
  base = new Map();
  users = [];
  const fill = (root: string): void => {
    emptyBase(images, root);
    const inMachine = '/overlay/base';
    packages.install(inMachine, [COMMON, 1]);
    for (let i = chance.number(5); i > 0; i--) change(inMachine, base);
    for (let i = chance.number(3); i > 0; i--) {
      const name = `base${chance.number(4)}`;
      if (users.includes(name)) continue;
      addUser(root, name);
      users.push(name);
    }
  };
  if (layers.length === 0) machine.newBase(fill);
  else machine.rebuild(fill);
}

/** What is to be there: the base's, and what each layer changes. */
function expected(): { installed: Installed; names: Set<string> } {
  const installed: Installed = new Map(base);
  const names = new Set(users);
  for (const { delta, users: more } of layers) {
    for (const [name, version] of delta) {
      if (version === null) installed.delete(name);
      else installed.set(name, version);
    }
    for (const name of more) names.add(name);
  }
  return { installed, names };
}

const at = (path: string): string => join(machine.merged, path);

/** Packages of which state was left without its account: an account of that name, made later, is another. */
const orphaned = new Set<string>();

function check(what: string): void {
  const { installed, names } = expected();
  const told = packages.installed('/merged');
  assert.deepEqual(told, [...installed].map(([name, version]) => `${name} ${version}`).sort(), what);
  assert.equal(packages.dpkg('/merged', '--audit'), '', what);
  assert.equal(packages.dpkg('/merged', '--verify'), '', what);
  // Their files, and no others.
  const files = [...installed].flatMap(([name, version]) => [...filesOf(name, version)]);
  for (const [path, text] of files) assert.equal(readFileSync(at(path), 'utf8'), text, `${what}: ${path}`);
  const there = readdirSync(at('usr/share/gen'), { recursive: true, withFileTypes: true })
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name).slice(machine.merged.length + 1));
  const own = files.map(([path]) => path).filter((path) => path.startsWith('usr/share/gen/'));
  const shared = installed.has('gen-d') ? ['usr/share/gen/shared.real'] : ['usr/share/gen/shared'];
  assert.deepEqual(there.sort(), [...own, ...shared].sort(), what);
  // Accounts, each once, and the owners of their files.
  const lines = readFileSync(at('etc/passwd'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(':'));
  const numbers = lines.map(([, , id]) => id);
  assert.equal(new Set(numbers).size, numbers.length, `${what}: ${lines.join('\n')}`);
  const id = (name: string): number => Number(lines.find(([one]) => one === name)?.[2] ?? -1);
  for (const name of names)
    assert.equal(lstatSync(at(`home/${name}/file`)).uid, id(name), `${what}: ${name}`);
  for (const name of NAMES) {
    const account = accountOf(name);
    // A layer that made the account may be gone, with the state of its package: then it is nobody's.
    const data = at(`var/lib/gen/${name}/data`);
    if (account === undefined || !existsSync(data)) continue;
    const { uid } = lstatSync(data);
    if (id(account) < 0) orphaned.add(name);
    if (!orphaned.has(name)) assert.equal(uid, id(account), `${what}: ${account}`);
    else assert.ok(uid === id(account) || !numbers.includes(String(uid)), `${what}: ${account} is ${uid}`);
  }
  // What chooses among them, and what was answered.
  const questions = readFileSync(at('var/cache/debconf/config.dat'), 'utf8').match(/^Name: .*$/gm) ?? [];
  assert.deepEqual(questions.sort(), [...installed.keys()].map((name) => `Name: ${name}/q`).sort(), what);
  const link = at('etc/alternatives/gen');
  const isLink = lstatSync(link, { throwIfNoEntry: false }) !== undefined;
  assert.equal(isLink, installed.size > 0, what);
  if (isLink) {
    const argv = [machine.root, 'update-alternatives', '--root', '/merged', '--query', 'gen'];
    const { stdout } = spawnSync('/usr/sbin/chroot', argv, { encoding: 'utf8' });
    assert.equal(readlinkSync(link), /^Best: (.*)$/m.exec(stdout)?.[1], what);
  }
  if (installed.has('gen-e'))
    assert.equal(lstatSync(at('usr/share/gen/gen-e/main')).mode & 0o777, 0o700, what);
}

/** Some of the packages and users, and whether a package would be without one that it needs. */
function choose(delta: Delta, more: readonly string[], installed: Installed, before: Installed) {
  const names = [...delta.keys()].filter(() => chance.number(2) === 0);
  const some = more.filter(() => chance.number(2) === 0);
  const made: Installed = new Map(before);
  for (const name of names) {
    const version = installed.get(name);
    if (version === undefined) made.delete(name);
    else made.set(name, version);
  }
  const lacks = (all: Installed): string[] =>
    [...all.keys()].filter((name) => dependsOf(name).some((needed) => !all.has(needed)));
  const known = new Set([...lacks(before), ...lacks(installed)]);
  const args = [
    ...names.map((name) => `package:${name}`),
    ...some.flatMap((name) => [`account:${name}`, `/home/${name}`]),
    'package:nothing',
  ].flatMap((pattern) => ['--select', pattern]);
  return {
    args,
    delta: new Map([...delta].filter(([name]) => names.includes(name))) as Delta,
    users: some,
    lacks: lacks(made).some((name) => !known.has(name)),
  };
}

/** Merges that were made, and those of layers that are not made on each other, and cannot be one. */
let [merges, refused] = [0, 0];

/** Makes one layer of a few neighbours. */
function mergeSome(): void {
  const from = chance.number(layers.length - 1);
  const to = from + 1 + chance.number(layers.length - from - 1);
  const range = `${layers[from]?.name}..${layers[to]?.name}`;
  const format = chance.pick([[], ['--format', 'cpio'], ['--format', 'erofs']]);
  const merge = (how: readonly string[]) =>
    machine.mkma(['layers', 'merge', range, '--level', '1', '--json', ...how]);
  let ended = merge(format);
  // The metadata of a file alone is in an archive.
  if (ended.code !== 0 && format.includes('erofs')) ended = merge([]);
  if (ended.code !== 0) {
    const { error } = JSON.parse(ended.stdout) as { error: { code: string; why: string } };
    assert.equal(error.code, 'layer-not-mergeable', ended.stdout);
    assert.match(error.why, /different accounts|that it has not seen/, ended.stdout);
    refused++;
    return;
  }
  const { layer } = JSON.parse(ended.stdout) as { layer: { layer: string } };
  history.push(`merged ${range} as ${layer.layer}`);
  const all = layers.slice(from, to + 1);
  const delta: Delta = new Map(all.flatMap((one) => [...one.delta]));
  const made = { name: layer.layer, delta, users: all.flatMap((one) => one.users) };
  layers.splice(from, all.length, made);
  merges++;
}

let [reverts, needed] = [0, 0];

/** Takes back what became of a package since the last boot. */
function revertOne(delta: Delta, installed: Installed, before: Installed): void {
  const name = chance.pick([...delta.keys()]);
  const { code, stdout, stderr } = machine.mkma(['revert', chance.pick([name, `package:${name}`]), '--json']);
  if (code !== 0) {
    assert.match(stdout, /"package-needs-another"/, stdout + stderr);
    needed++;
    return;
  }
  const was = before.get(name);
  if (was === undefined) installed.delete(name);
  else installed.set(name, was);
  delta.delete(name);
  history.push(`  revert ${name}`);
  const told = packages.dpkg('/merged', '--list').match(new RegExp(`^ii +${name} +(\\d)`, 'm'));
  assert.equal(told?.[1], was === undefined ? undefined : String(was), stdout);
  assert.equal(packages.dpkg('/merged', '--audit'), '');
  assert.equal(packages.dpkg('/merged', '--verify'), '');
  reverts++;
}

build();
for (let round = 1; round <= rounds; round++) {
  history.push(`round ${round}, base ${text(base)}`);
  assert.deepEqual(machine.boot(), [], `round ${round}: layers are left out`);
  check(`round ${round}, booted`);
  const { installed } = expected();
  const before = new Map(installed);
  for (let i = 1 + chance.number(3); i > 0; i--) change('/merged', installed);
  const more: string[] = [];
  if (chance.number(3) === 0) {
    const name = `user${round}`;
    addUser(machine.merged, name);
    more.push(name);
  }
  const delta: Delta = new Map();
  for (const name of NAMES) {
    const [was, is] = [before.get(name), installed.get(name)];
    if (is !== undefined && is !== was) delta.set(name, is);
    else if (is === undefined && was !== undefined) delta.set(name, null);
  }
  if (delta.size > 0 && chance.number(2) === 0) revertOne(delta, installed, before);
  const choice = chance.number(2) === 0 ? undefined : choose(delta, more, installed, before);
  const args = choice === undefined ? ['--all'] : choice.args;
  const format = chance.pick(['cpio', 'erofs']);
  machine.sh('sleep 0.3', '');
  const { code, stdout, stderr } = machine.mkma([
    'persist',
    ...args,
    '--level',
    '1',
    '--format',
    format,
    '--json',
  ]);
  if (choice?.lacks === true) {
    assert.equal(code, 1, stdout);
    assert.match(stdout, /package-needs-another/);
  } else {
    assert.equal(code, 0, stdout + stderr);
    const { layer } = JSON.parse(stdout) as { layer?: { layer: string } };
    const saved = choice ?? { delta, users: more };
    history.push(`  saved ${layer?.layer} ${format}: ${text(saved.delta)} ${saved.users.join(' ')}`);
    if (layer !== undefined) layers.push({ name: layer.layer, delta: saved.delta, users: saved.users });
    else assert.equal(saved.delta.size + saved.users.length, 0);
  }
  assert.deepEqual(machine.boot(), []);
  check(`round ${round}, saved`);
  assert.match(machine.mkma(['persist', '--all', '--dry-run']).stdout, /nothing/);
  if (layers.length > 1 && chance.number(2) === 0) {
    mergeSome();
    assert.deepEqual(machine.boot(), []);
    check(`round ${round}, merged`);
  }
  if (layers.length > 1 && chance.number(3) === 0) {
    const [gone] = layers.splice(chance.number(layers.length), 1);
    history.push(`  dropped ${gone?.name}`);
    const dropped = machine.mkma(['layers', 'drop', '--force', gone?.name ?? '']);
    assert.equal(dropped.code, 0, dropped.stderr);
  }
  if (chance.number(3) === 0) build();
  if (layers.length > 5) {
    layers = [];
    build();
  }
}
process.stdout.write(`${merges} merges, ${refused} refused; ${reverts} reverts, ${needed} refused\n`);
