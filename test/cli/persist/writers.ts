/**
 * Programs that write databases all the time, in control groups that `mkma persist` of a {@link TestMachine} can freeze: a group of
 * this host's hierarchy is the root of the machine's own.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestMachine } from './machine.js';

/** Where this host has control groups of version 2. */
const HIERARCHY = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((folder) =>
  existsSync(join(folder, 'cgroup.controllers')),
);

export class Groups {
  private readonly root = join(HIERARCHY ?? '', `mkma-test-${process.pid}`);
  /** The one in which programs are, as services of a machine. */
  readonly slice = join(this.root, 'system.slice');

  constructor(private readonly machine: TestMachine) {
    assert.ok(HIERARCHY, 'control groups of version 2 are not mounted');
    mkdirSync(this.slice, { recursive: true });
    this.mount();
  }

  /** Show them to the machine. */
  mount(): void {
    const there = join(this.machine.root, 'sys/fs/cgroup');
    mkdirSync(there, { recursive: true });
    execFileSync('mount', ['--bind', this.root, there]);
  }

  /** Hide them. */
  unmount(): void {
    execFileSync('umount', [join(this.machine.root, 'sys/fs/cgroup')]);
  }

  add(pid: number | undefined, group = this.slice): void {
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  }

  /** Out of all groups below the machine's root. */
  release(pid: number | undefined): void {
    writeFileSync(join(this.root, 'cgroup.procs'), String(pid));
  }

  /** End all programs in it. */
  kill(): void {
    writeFileSync(join(this.slice, 'cgroup.kill'), '1');
  }

  get isFrozen(): boolean {
    return readFileSync(join(this.slice, 'cgroup.events'), 'utf8').includes('frozen 1');
  }

  close(): void {
    for (const group of ['system.slice', 'mkma-still', 'mkma-guard', '.']) {
      const folder = join(this.root, group);
      for (const pid of pidsIn(folder)) writeFileSync(join(HIERARCHY as string, 'cgroup.procs'), pid);
      if (existsSync(folder)) rmdirSync(folder);
    }
  }
}

function pidsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
}

/** How SQLite keeps a database whole (sqlite.org/pragma.html#pragma_journal_mode). */
export type JournalMode = 'wal' | 'delete' | 'truncate' | 'persist';

/** One that commits a row at a time, each flushed before it is acknowledged. */
export class SqliteWriter {
  /** The last row of which the commit was acknowledged. */
  acknowledged = 0;
  private readonly program: ChildProcess;
  private ended = false;

  constructor(
    groups: Groups | undefined,
    readonly file: string,
    mode: JournalMode,
  ) {
    this.program = spawn('sqlite3', ['-batch', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    groups?.add(this.program.pid);
    let rest = '';
    this.program.stdout?.on('data', (piece: Buffer) => {
      const lines = (rest + piece.toString()).split('\n');
      rest = lines.pop() ?? '';
      const last = lines.filter((line) => /^\d+$/.test(line)).at(-1);
      if (last === undefined) return;
      this.acknowledged = Number(last);
      if (!this.ended) this.insert();
    });
    this.program.stdin?.write(
      `PRAGMA journal_mode=${mode}; PRAGMA synchronous=FULL;\nCREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, x);\nCREATE INDEX IF NOT EXISTS i ON t (x);\nSELECT ifnull(max(n), 0) FROM t;\n`,
    );
  }

  get pid(): number | undefined {
    return this.program.pid;
  }

  private insert(): void {
    // Now and then old rows go, so that pages everywhere in the file change.
    const n = this.acknowledged + 1;
    const drop = n % 20 === 0 ? `DELETE FROM t WHERE n < ${n - 400};` : '';
    this.program.stdin?.write(
      `${drop}INSERT INTO t VALUES (${n}, hex(randomblob(900))); SELECT max(n) FROM t;\n`,
    );
  }

  async reach(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    for (let i = 0; this.acknowledged < goal; i++) {
      assert.ok(i < 2000, `the writer stands at ${this.acknowledged}`);
      await sleep(10);
    }
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const gone = new Promise((resolve) => this.program.once('close', resolve));
    this.program.kill('SIGKILL');
    await gone;
  }
}

/** The last row of a database that SQLite finds whole. */
export function lastRow(file: string): number {
  const sql = 'PRAGMA integrity_check; SELECT max(n) FROM t;';
  const [whole, last] = execFileSync('sqlite3', [file, sql], { encoding: 'utf8' }).split('\n');
  assert.equal(whole, 'ok');
  return Number(last);
}
