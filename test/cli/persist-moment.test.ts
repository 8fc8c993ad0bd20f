/** Databases under constant writes are saved as a power cut at one moment would have left them; programs always go on. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ended } from './persist/machine.js';
import { startMachine } from './persist/started.js';
import { Groups, type JournalMode, lastRow, SqliteWriter } from './persist/writers.js';

const machine = startMachine(import.meta.url);
const groups = new Groups(machine);
process.on('exit', () => groups.close());
const at = (path: string): string => join(machine.merged, path);

beforeEach(() => {
  machine.newBase((base) => {
    for (const path of ['etc', 'srv/db']) mkdirSync(join(base, path), { recursive: true });
  });
  machine.boot();
});

/** Run `mkma persist` while this process goes on. */
async function persist(...args: string[]): Promise<Ended> {
  return persistWith({}, ...args);
}

async function persistWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
  const child = start(args, env);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (piece: Buffer) => {
    stdout += piece;
  });
  child.stderr?.on('data', (piece: Buffer) => {
    stderr += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code: code ?? -1, stdout, stderr };
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn('chroot', [machine.root, '/usr/bin/mkma', 'persist', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
  });
}

const LONG = process.env.MKMA_TEST_LONG === '1';
/** Saves of a database by its journal. */
const ROUNDS = LONG
  ? { wal: 10, delete: 10, truncate: 3, persist: 3 }
  : { wal: 4, delete: 4, truncate: 1, persist: 1 };

for (const mode of ['wal', 'delete', 'truncate', 'persist'] as const) {
  test(`SQLite (${mode}) under constant writes, saved again and again: whole after each boot, and no transaction is missing`, async () => {
    let stood = 0;
    for (let round = 1; round <= ROUNDS[mode]; round++) {
      const writer = new SqliteWriter(groups, at('srv/db/data.db'), mode);
      await writer.reach(50);
      const before = writer.acknowledged;
      const { code, stdout, stderr } = await persist('--all', '--level', '1', '--json');
      const during = writer.acknowledged;
      await writer.reach(1);
      await writer.stop();
      assert.equal(code, 0, stdout + stderr);
      const { stoodStill, unsettled } = JSON.parse(stdout) as { stoodStill: number; unsettled: unknown[] };
      assert.deepEqual(unsettled, []);
      stood = Math.max(stood, stoodStill);
      machine.boot();
      const last = lastRow(at('srv/db/data.db'));
      assert.ok(before <= last && last <= during + 1, `${before} ${last} ${during}`);
    }
    assert.ok(stood > 0 && stood < 3, `${stood} s`);
  });
}

const BY_ITSELF = LONG ? 10 : 2;
for (const mode of ['wal', 'delete'] as const) {
  test(`SQLite (${mode}) under constant writes, saved by itself: whole after each boot, and no transaction is missing`, async () => {
    mkdirSync(join(machine.root, 'etc/mkma'), { recursive: true });
    writeFileSync(join(machine.root, 'etc/mkma/persist.rules'), '[auto]\nevery 1s\n');
    for (let round = 1; round <= BY_ITSELF; round++) {
      await whileWriting(mode, groups, async (writer) => {
        const before = writer.acknowledged;
        const { code, stdout, stderr } = await persist('--auto');
        const during = writer.acknowledged;
        assert.equal(code, 0, stdout + stderr);
        assert.match(stdout, /^saved \d+ changes/m);
        assert.doesNotMatch(stdout + stderr, /left out/);
        await writer.stop();
        machine.boot();
        const last = lastRow(at('srv/db/data.db'));
        assert.ok(before <= last && last <= during + 1, `${before} ${last} ${during}`);
      });
    }
  });
}

/** What `--json` says. */
interface Said {
  readonly stoodStill: number;
  readonly unsettled: readonly { readonly path: string; readonly why: string; readonly leftOut: boolean }[];
}

/** A writer of a database, ended after the work. */
async function whileWriting(
  mode: JournalMode,
  within: Groups | undefined,
  work: (writer: SqliteWriter) => Promise<void>,
): Promise<void> {
  const writer = new SqliteWriter(within, at('srv/db/data.db'), mode);
  try {
    await writer.reach(50);
    await work(writer);
  } finally {
    await writer.stop();
  }
}

test('a dry run reads no content: what is being written does not matter, and no program stands still', async () => {
  await whileWriting('wal', groups, async () => {
    const { code, stdout, stderr } = await persist('--all', '--dry-run');
    assert.equal(code, 0, stdout + stderr);
    assert.doesNotMatch(stderr, /retrying|stood still/);
    assert.match(stdout, /^would be saved: /m);
  });
});

test('nothing is being written: no program stands still, also if some hold files open', async () => {
  writeFileSync(at('srv/quiet'), 'x');
  writeFileSync(at('srv/read'), 'x');
  const reader = spawn('sh', ['-c', 'exec sleep 60 <"$0"', at('srv/read')]);
  await sleep(200);
  const { code, stdout } = await persist('--all', '--level', '1', '--json');
  reader.kill();
  const { stoodStill, unsettled } = JSON.parse(stdout) as Said;
  assert.deepEqual([code, stoodStill, unsettled], [0, 0, []]);
  const { stdout: words } = await persist('--all', '--level', '1');
  assert.doesNotMatch(words, /stood still/);
});

test('a second save of the boot, an EROFS layer, and names of any bytes: as whole as the first', async () => {
  const odd = Buffer.from([...Buffer.from(at('srv/db/')), 0xff, 0x0a, 0x62]);
  const fd = openSync(odd, 'w');
  writeSync(fd, 'as it was');
  writeFileSync(at('srv/linked'), 'two names');
  linkSync(at('srv/linked'), at('srv/other'));
  let before = 0;
  await whileWriting('wal', groups, async (writer) => {
    assert.equal((await persist('--all', '--level', '1')).code, 0);
    await writer.reach(20);
    const { code, stdout } = await persist('--all', '--level', '1');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^programs stood still for 0\.\d\d s$/m);
    before = writer.acknowledged;
    await writer.reach(20);
    const last = await persist('--all', '--format', 'erofs', '--json');
    assert.equal(last.code, 0, last.stdout + last.stderr);
    assert.deepEqual((JSON.parse(last.stdout) as Said).unsettled, []);
  });
  closeSync(fd);
  machine.boot();
  assert.ok(lastRow(at('srv/db/data.db')) >= before);
  assert.equal(readFileSync(odd, 'utf8'), 'as it was');
  assert.equal(statSync(at('srv/linked')).nlink, 2);
});

test('files that come and go all the time: those of the moment are saved, also if they are gone since', async () => {
  const loop = 'n=0; while :; do n=$((n + 1)); echo $n >"$0/x.$n"; rm -f "$0/x.$((n - 1))"; done';
  const writer = spawn('sh', ['-c', loop, at('srv/db')]);
  groups.add(writer.pid);
  await sleep(100);
  const { code, stdout, stderr } = await persist('--all', '--level', '1', '--json');
  writer.kill('SIGKILL');
  assert.equal(code, 0, stdout + stderr);
  await sleep(100);
  machine.boot();
  // The one that is written, and the one before it.
  const names = readdirSync(at('srv/db'));
  assert.ok(names.length === 1 || names.length === 2, names.join(' '));
  assert.ok(names.some((name) => readFileSync(at(`srv/db/${name}`), 'utf8') === `${name.slice(2)}\n`));
});

test('in the editor a database alone was kept: what lies beside it comes along', async () => {
  const editor = join(machine.root, 'usr/bin/keep');
  writeFileSync(editor, '#!/bin/sh\nsed -i "/data.db-/d; /notes/d" "$1"\n', { mode: 0o755 });
  writeFileSync(at('srv/notes'), 'x');
  await whileWriting('wal', groups, async (writer) => {
    const before = writer.acknowledged;
    const { code, stdout, stderr } = await persistWith({ EDITOR: '/usr/bin/keep' }, '--level', '1');
    assert.equal(code, 0, stdout + stderr);
    await writer.stop();
    machine.boot();
    assert.ok(lastRow(at('srv/db/data.db')) >= before);
    assert.ok(!existsSync(at('srv/notes')));
  });
});

test('too large to be copied in time: no program stands still for it, it is named, and the exit code is 3', async () => {
  const big = spawn('sh', [
    '-c',
    'exec >>"$0"; head -c 1600M /dev/zero; while :; do echo more; done',
    at('srv/big'),
  ]);
  groups.add(big.pid);
  while (statSync(at('srv/big'), { throwIfNoEntry: false })?.size !== undefined) {
    if (statSync(at('srv/big')).size > 1600 * 2 ** 20) break;
    await sleep(20);
  }
  const save = () => persist('--all', '--level', '1', '--json', '--max-freeze', '1s');
  const alone = await save();
  assert.deepEqual([alone.code, (JSON.parse(alone.stdout) as Said).stoodStill], [3, 0], alone.stderr);
  await whileWriting('wal', groups, async () => {
    const { code, stdout, stderr } = await save();
    big.kill();
    assert.equal(code, 3, stdout + stderr);
    const { stoodStill, unsettled } = JSON.parse(stdout) as Said;
    assert.deepEqual(
      unsettled.map(({ path, leftOut }) => ({ path, leftOut })),
      [{ path: '/srv/big', leftOut: false }],
      stdout,
    );
    assert.match(unsettled[0]?.why ?? '', /too large to be copied within 1 s/);
    assert.ok(stoodStill < 3, `${stoodStill} s`);
    assert.match(stderr, /\/srv\/big was saved as it was read: .*\n.*files-unsettled|files-unsettled/);
  });
  machine.boot();
  lastRow(at('srv/db/data.db'));
});

test('a writer that cannot be stopped, and a machine without control groups: named, and the exit code is 3', async () => {
  await whileWriting('wal', groups, async (writer) => {
    groups.release(writer.pid);
    const { code, stdout, stderr } = await persist('--all', '--level', '1', '--json');
    assert.equal(code, 3, stdout + stderr);
    const { unsettled } = JSON.parse(stdout) as Said;
    assert.match(
      unsettled.map(({ why }) => why).join(),
      new RegExp(`process ${writer.pid}, which writes it, cannot`),
    );
    assert.ok(unsettled.some(({ path }) => path === '/srv/db/data.db-wal'));
  });
  for (const mode of ['wal', 'delete'] as const) {
    groups.unmount();
    try {
      await whileWriting(mode, undefined, async () => {
        const { code, stdout, stderr } = await persist('--all', '--level', '1');
        assert.equal(code, 3, stdout + stderr);
        assert.match(stderr, /control groups of version 2 are not mounted/);
        assert.match(stderr, /\[files-unsettled\]/);
      });
    } finally {
      groups.mount();
    }
  }
  await whileWriting('wal', groups, async () => {
    const { code, stderr } = await persist('--all', '--level', '1', '--max-freeze', '0');
    assert.equal(code, 3);
    assert.match(stderr, /the limit is 0/);
  });
  assert.equal((await persist('--all', '--max-freeze', 'long')).code, 2);
});

test('saved by itself: what is not of the moment is left out, with what belongs to it, and named', async () => {
  mkdirSync(join(machine.root, 'etc/mkma'), { recursive: true });
  writeFileSync(join(machine.root, 'etc/mkma/persist.rules'), '[auto]\nevery 1s\n');
  writeFileSync(at('srv/notes'), 'x');
  const there = () => [existsSync(at('srv/notes')), existsSync(at('srv/db/data.db'))];
  groups.unmount();
  try {
    await whileWriting('wal', undefined, async () => {
      const { code, stdout, stderr } = await persist('--auto');
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout + stderr, /\/srv\/db\/data\.db-shm was left out: control groups of version 2/);
    });
  } finally {
    groups.mount();
  }
  machine.boot();
  assert.deepEqual(there(), [true, false]);
  await whileWriting('wal', groups, async () => {
    const { code, stdout, stderr } = await persist('--auto');
    assert.equal(code, 0, stdout + stderr);
    assert.doesNotMatch(stdout + stderr, /left out/);
  });
  machine.boot();
  assert.deepEqual(there(), [true, true]);
  lastRow(at('srv/db/data.db'));
});

test('whatever of it is killed, or hangs, while programs stand still: they go on', async () => {
  const filler = spawn('sh', ['-c', 'exec >>"$0"; head -c 300M /dev/zero; exec sleep 600', at('srv/big')]);
  groups.add(filler.pid);
  await sleep(500);
  const rounds = Number(process.env.MKMA_TEST_KILLS ?? 14);
  let frozen = 0;
  await whileWriting('wal', groups, async (writer) => {
    for (let round = 0; round < rounds; round++) {
      const { victims, signal } = VICTIMS[round % VICTIMS.length] as (typeof VICTIMS)[number];
      // Long enough that nothing but the guardian's watch, or at a hang the limit, lets them go on in time.
      const child = start(['--all', '--level', '1', '--max-freeze', signal === 'SIGSTOP' ? '1s' : '20s']);
      child.stdout?.resume();
      child.stderr?.resume();
      const ended = new Promise((resolve) => child.once('close', resolve));
      let gone = false;
      void ended.then(() => {
        gone = true;
      });
      while (!groups.isFrozen && !gone) await sleep(1);
      await sleep(Math.random() * 120);
      if (groups.isFrozen) frozen++;
      for (const victim of victims) kill(victim, child.pid as number, signal);
      const at = writer.acknowledged;
      for (let i = 0; groups.isFrozen || writer.acknowledged <= at; i++) {
        assert.ok(i < 400, `still frozen after ${signal} for ${victims.join(' and ')} in round ${round}`);
        await sleep(10);
      }
      kill('group', 0, 'SIGKILL');
      child.kill('SIGKILL');
      await ended;
    }
  });
  filler.kill();
  assert.ok(frozen > rounds / 3, `only ${frozen} of ${rounds} came while programs stood still`);
  const { code, stdout, stderr } = await persist('--all', '--level', '1');
  assert.equal(code, 0, stdout + stderr);
});

/** What is killed, by its command line. */
const VICTIMS = [
  { victims: ['mkma'], signal: 'SIGKILL' },
  { victims: ['still'], signal: 'SIGKILL' },
  { victims: ['guard'], signal: 'SIGKILL' },
  { victims: ['mkma', 'still'], signal: 'SIGKILL' },
  { victims: ['mkma', 'guard'], signal: 'SIGKILL' },
  { victims: ['group'], signal: 'SIGKILL' },
  { victims: ['group'], signal: 'SIGSTOP' },
] as const;

function kill(victim: string, mkma: number, signal: NodeJS.Signals): void {
  const pids: number[] = [];
  if (victim === 'mkma') pids.push(mkma);
  else if (victim === 'group') pids.push(...pidsIn('mkma-still'));
  else {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const words = commandOf(pid);
      const isGuard = words.includes('\0guard\0');
      if (words.includes('/usr/lib/mkma/still.js') && isGuard === (victim === 'guard'))
        pids.push(Number(pid));
    }
  }
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

function pidsIn(group: string): number[] {
  const file = join(machine.root, 'sys/fs/cgroup', group, 'cgroup.procs');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
