/**
 * Changes of a definition at random, one after another, on a tiny machine: exactly the stages run that have to, and the images
 * are those of a build from nothing. MKMA_TEST_ROUNDS and MKMA_TEST_SEED repeat a run.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mkma, temporary } from './cli.js';
import { digestsOf } from './digests.js';
import { makeFlatRepository } from './flat-repository.js';
import { COMMON, generate, NAMES, type Name } from './packages/generate.js';
import { inOwnMounts } from './persist/namespace.js';
import { smallFields } from './small.js';

inOwnMounts(import.meta.url);

const long = process.env.MKMA_TEST_LONG === '1';
const rounds = Number(process.env.MKMA_TEST_ROUNDS ?? (long ? 200 : 6));
const seed = Number(process.env.MKMA_TEST_SEED ?? (long ? Date.now() % 1_000_000 : 27));
const EPOCH = '1764500000';

const folder = temporary({ onDisk: true });
after(() => folder[Symbol.dispose]());
const cache = join(folder.path, 'cache');
const config = join(folder.path, 'mkma.config.ts');
let repository = '';

/** Numbers below `most`, the same for a seed (mulberry32). */
function makeRandom(from: number): (most: number) => number {
  let state = from;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % most;
  };
}

const random = makeRandom(seed);

/** What changes from round to round, as fields of a definition. */
interface Machine {
  hostname: string;
  readonly packages: Set<Name>;
  readonly files: Map<string, string>;
  readonly users: Set<string>;
  timezone: string;
  level: number;
  format: 'cpio' | 'erofs';
  hook: string;
  sysctl: number;
  volume: boolean;
  cmdline: string;
}

const machine: Machine = {
  hostname: 'one',
  packages: new Set(),
  files: new Map([['/etc/one', "{ content: 'one' }"]]),
  users: new Set(),
  timezone: 'Etc/UTC',
  level: 1,
  format: 'cpio',
  hook: '',
  sysctl: 1,
  volume: false,
  cmdline: '',
};

function write(): void {
  const quoted = (all: Iterable<string>): string => [...all].map((one) => `'${one}'`).join(', ');
  const files = [...machine.files].map(([path, what]) => `'${path}': ${what}`).join(', ');
  const users = [...machine.users].map((name) => `${name}: { groups: ['audio'] }`).join(', ');
  const fields = smallFields(
    folder.path,
    `hostname: '${machine.hostname}'`,
    `files: { ${files} }`,
    `users: { ${users} }`,
    `timezone: '${machine.timezone}'`,
    `format: '${machine.format}'`,
    `sysctl: { 'vm.swappiness': ${machine.sysctl} }`,
    `hooks: [${machine.hook === '' ? '' : `{ at: 'system', run: ${JSON.stringify(machine.hook)} }`}]`,
    `ramVolumes: {${machine.volume ? " '/srv/data': { size: '10%' } " : ''}}`,
    `cmdline: [${quoted(machine.cmdline === '' ? [] : [machine.cmdline])}]`,
    repository,
  )
    .replace("packages: ['kmod']", `packages: [${quoted(['kmod', COMMON, ...machine.packages])}]`)
    .replace('compressionLevel: 1', `compressionLevel: ${machine.level}`);
  const text = `import { defineMachine } from 'mkma';\nexport default defineMachine({ ${fields} });\n`;
  writeFileSync(config, text);
}

/** A change, and the stages that have to run for it; all others must not. */
interface Step {
  readonly name: string;
  readonly stages: readonly string[];
  /** Where apt decides whether packages are added to a cached tree. */
  readonly packages?: true;
}

/** What a changed tree takes with it. */
const TREE = ['system', 'base', 'sbom'];

const one = <T>(of: readonly T[]): T => of[random(of.length)] as T;

/** An equal change of mind would be none. */
const other = <T>(of: readonly T[], now: T): T => one(of.filter((each) => each !== now));

const CHANGES: readonly (() => Step)[] = [
  () => {
    const path = `/etc/made/${random(5)}`;
    const content = `{ content: 'text ${random(1_000_000)}', mode: '${one(['0644', '0600', '4755'])}' }`;
    machine.files.set(path, content);
    return { name: `file ${path}`, stages: TREE };
  },
  () => {
    const made = [...machine.files.keys()].filter((path) => path.startsWith('/etc/made/'));
    if (made.length === 0) machine.files.set('/etc/made/first', "{ content: 'x' }");
    else machine.files.delete(one(made));
    return { name: 'a file more or less', stages: TREE };
  },
  () => {
    machine.files.set('/etc/link', `{ link: '/target/${random(1_000_000)}' }`);
    return { name: 'symlink', stages: TREE };
  },
  () => {
    const name = one(['anna', 'bert', 'carl']);
    if (!machine.users.delete(name)) machine.users.add(name);
    return { name: `user ${name}`, stages: TREE };
  },
  () => {
    machine.hostname = other(['one', 'two', 'three'], machine.hostname);
    return { name: 'hostname', stages: TREE };
  },
  () => {
    machine.timezone = other(['Etc/UTC', 'Europe/Berlin', 'Asia/Tokyo'], machine.timezone);
    return { name: 'time zone', stages: TREE };
  },
  () => {
    machine.hook = `echo ${random(1_000_000)} >/etc/hooked; ${one(['ln -f /etc/hooked /etc/hard', 'mv /etc/skel /etc/skel2', 'chmod 700 /srv', 'rm -rf /opt', 'chown -R 33 /var/backups', 'mkdir -p /a/b/c; touch /a/b/c/d'])}`;
    return { name: `hook ${machine.hook}`, stages: TREE };
  },
  () => {
    machine.sysctl = other([1, 2, 3], machine.sysctl);
    return { name: 'sysctl', stages: TREE };
  },
  () => {
    machine.volume = !machine.volume;
    return { name: 'volume', stages: TREE };
  },
  () => {
    machine.level = other([1, 2, 4], machine.level);
    return { name: 'level', stages: ['initramfs', 'base', 'sbom'] };
  },
  () => {
    machine.format = other(['cpio', 'erofs'], machine.format);
    return { name: `format ${machine.format}`, stages: ['base', 'sbom'] };
  },
  () => {
    machine.cmdline = other(['', 'quiet', 'loglevel=3'], machine.cmdline);
    return { name: 'cmdline', stages: [] };
  },
  () => {
    const name = other(NAMES, [...machine.packages][0] as Name);
    if (!machine.packages.delete(name)) machine.packages.add(name);
    return { name: `package ${name}`, stages: [...TREE, 'packages'], packages: true };
  },
];

async function build(output: string, ...more: string[]): Promise<string> {
  const words = ['build', '--config', config, '--output', join(folder.path, output), '--cache', cache];
  const done = await mkma([...words, '--json', ...more], { env: { SOURCE_DATE_EPOCH: EPOCH } });
  assert.equal(done.code, 0, `seed ${seed}\n${done.stdout}${done.stderr}`);
  return done.stderr;
}

function ran(events: string): string[] {
  const started = events.matchAll(/"type":"stage","stage":"(\w+)","state":"start"/g);
  return [...started].map(([, name = '']) => name).sort();
}

before(async () => {
  const www = join(folder.path, 'www');
  const made = generate(folder.path);
  const debs = [made(COMMON, 1), ...NAMES.map((name, i) => made(name, (i % 4) + 1))];
  makeFlatRepository({ folder: www, debs });
  repository = `repositories: { gen: { uri: 'file:${www}', suites: ['./'], key: '${join(www, 'Release.key')}' } }`;
  write();
  await build('out');
});

test(`${rounds} changes, seed ${seed}`, async (t) => {
  let added = 0;
  for (let round = 1; round <= rounds; round++) {
    // A handful has a package and the kinds that take different ways.
    const step =
      long || rounds > 6 ? one(CHANGES)() : (CHANGES[[12, 0, 6, 3, 12, 9][round - 1] as number]?.() as Step);
    await t.test(`${round}: ${step.name}`, async () => {
      write();
      const events = await build('out');
      const expected = [...step.stages].sort();
      // Packages that another build had are in the cache.
      const stages = ran(events).filter((name) => step.packages !== true || name !== 'packages');
      assert.deepEqual(
        stages,
        expected.filter((name) => step.packages !== true || name !== 'packages'),
        events,
      );
      if (/"adding /.test(events) && !/installing all packages again/.test(events)) added++;
      await build(`whole-${round}`, ...(step.packages === true ? ['--refresh'] : []));
      const [now, whole] = ['out', `whole-${round}`].map((name) => digestsOf(join(folder.path, name)));
      if (JSON.stringify(now) === JSON.stringify(whole)) return;
      const compared = ['diff', ...['out', `whole-${round}`].map((name) => join(folder.path, name)), '--all'];
      const { stdout } = await mkma(compared);
      assert.deepEqual(now, whole, `seed ${seed}, round ${round}: ${step.name}\n${stdout}`);
    });
  }
  assert.ok(added > 0, 'no package was added to a cached tree');
});
