/** PostgreSQL under constant writes, saved ten times by hand and ten by itself: it recovers as after a power cut, and no transaction is missing. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkma, repository, temporary } from '../cli/cli.js';
import { TestMachine } from '../cli/persist/machine.js';
import { inOwnMounts } from '../cli/persist/namespace.js';
import { Groups } from '../cli/persist/writers.js';

inOwnMounts(import.meta.url);

const folder = temporary();
const DATA = '/merged/var/lib/pg';
const ROUNDS = 10;

async function builtWithPostgres(): Promise<string> {
  const images = process.env.MKMA_TEST_POSTGRES ?? join(folder.path, 'images');
  if (process.env.MKMA_TEST_POSTGRES !== undefined) return images;
  const config = join(folder.path, 'mkma.config.json');
  writeFileSync(config, JSON.stringify({ extends: ['console'], packages: ['postgresql'] }));
  const built = await mkma(['build', '--config', config, '--output', images]);
  assert.equal(built.code, 0, built.stderr);
  return images;
}

const machine = new TestMachine({
  ...{ images: await builtWithPostgres(), dist: join(repository, 'dist'), scratch: folder.path },
  storageBytes: 2 ** 30,
});
const groups = new Groups(machine);
process.on('exit', () => {
  groups.kill();
  machine.close();
  groups.close();
  folder[Symbol.dispose]();
});
const programs = `/usr/lib/postgresql/${readdirSync(join(machine.root, 'usr/lib/postgresql'))[0]}/bin`;
const asServer = (name: string, ...args: string[]): string[] => [
  ...['--userspec=postgres:postgres', machine.root, `${programs}/${name}`, ...args],
];
const run = (name: string, ...args: string[]): string =>
  execFileSync('chroot', asServer(name, ...args), {
    ...{ encoding: 'utf8', cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] },
  }).trim();
const ask = (sql: string): string => run('psql', '-h', '/tmp', '-XAtc', sql, 'postgres');

async function startServer(): Promise<void> {
  const options = ['-D', DATA, '-k', '/tmp', '-c', 'listen_addresses=', '-c', 'shared_buffers=32MB'];
  // In the group from its beginning: all of its processes are.
  const enter = 'echo $$ >"$0/cgroup.procs"; exec chroot "$@"';
  spawn('sh', ['-c', enter, groups.slice, ...asServer('postgres', ...options)], { stdio: 'ignore' });
  for (let i = 0; ; i++) {
    try {
      ask('SELECT 1');
      return;
    } catch (cause) {
      if (i > 100) throw cause;
      await sleep(100);
    }
  }
}

/** One that commits a row at a time. */
class Client {
  acknowledged = 0;
  private readonly program: ChildProcess;

  constructor(
    readonly table: string,
    n: number,
  ) {
    this.program = spawn('chroot', asServer('psql', '-h', '/tmp', '-XAtq', 'postgres'), {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.program.stdin?.on('error', () => undefined);
    this.program.stdout?.on('data', (piece: Buffer) => {
      this.acknowledged = Number(piece.toString().trim().split('\n').at(-1));
      this.insert(this.acknowledged + 1);
    });
    this.insert(n);
  }

  private insert(n: number): void {
    const drop = n % 50 === 0 ? `DELETE FROM ${this.table} WHERE n < ${n - 2000};` : '';
    const update = `UPDATE ${this.table} SET x = md5(x) WHERE n = ${n - 7};`;
    this.program.stdin?.write(
      `BEGIN; ${drop} ${update} INSERT INTO ${this.table} VALUES (${n}, repeat(md5('${n}'), 30)); COMMIT; SELECT ${n};\n`,
    );
  }
}

interface Saved {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function persist(...args: string[]): Promise<Saved> {
  const argv = [machine.root, '/usr/bin/mkma', 'persist', ...args];
  const child = spawn('chroot', argv, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece;
  });
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece;
  });
  const code = await new Promise<number>((resolve) => child.once('close', (one) => resolve(one ?? -1)));
  return { code, stdout, stderr };
}

/** Saves ten times by `save`, which checks that what it was told to do was done; each time followed by a boot. */
async function rounds(save: () => Promise<void>): Promise<void> {
  machine.newBase((base) => mkdirSync(join(base, 'var/lib'), { recursive: true }));
  machine.boot();
  execFileSync('install', ['-d', '-m', '0700', join(machine.merged, 'var/lib/pg')]);
  machine.sh('chroot "$0" chown postgres: /merged/var/lib/pg', machine.root);
  run('initdb', '-D', DATA, '--data-checksums', '--no-sync', '--auth=trust', '--locale=C');
  const tables = ['a', 'b', 'c'];
  let next = 1;
  for (let round = 0; round < ROUNDS; round++) {
    await startServer();
    if (round === 0) for (const table of tables) ask(`CREATE TABLE ${table} (n int PRIMARY KEY, x text)`);
    const clients = tables.map((table) => new Client(table, next));
    while (clients.some(({ acknowledged }) => acknowledged < next + 100)) await sleep(10);
    const before = clients.map(({ acknowledged }) => acknowledged);
    await save();
    groups.kill();
    await sleep(300);
    machine.boot();
    await startServer();
    for (const [i, table] of tables.entries()) {
      const last = Number(ask(`SELECT max(n) FROM ${table}`));
      assert.ok(last >= (before[i] as number), `${table}: ${last}, acknowledged ${before[i]}`);
      next = Math.max(next, last + 1);
    }
    run('pg_amcheck', '-h', '/tmp', '--install-missing', '--heapallindexed', 'postgres');
    groups.kill();
    await sleep(300);
  }
}

test('saved ten times under constant writes: each time it recovers, is whole, and has what was acknowledged', async (context) => {
  let longest = 0;
  await rounds(async () => {
    const { code, stdout, stderr } = await persist('--all', '--level', '1', '--json');
    assert.equal(code, 0, stdout + stderr);
    const { stoodStill, unsettled } = JSON.parse(stdout) as { stoodStill: number; unsettled: unknown[] };
    assert.deepEqual(unsettled, []);
    longest = Math.max(longest, stoodStill);
  });
  assert.ok(longest > 0 && longest < 3, `${longest} s`);
  context.diagnostic(`programs stood still for ${longest} s at most`);
});

test('saved ten times by itself under constant writes: the same', async () => {
  mkdirSync(join(machine.root, 'etc/mkma'), { recursive: true });
  writeFileSync(join(machine.root, 'etc/mkma/persist.rules'), '[auto]\nevery 1s\n');
  await rounds(async () => {
    const { code, stdout, stderr } = await persist('--auto');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^saved \d+ changes/m);
    assert.doesNotMatch(stdout + stderr, /left out/);
  });
});
