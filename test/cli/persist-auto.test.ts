/** A machine saves by itself: by conditions and rules alone, with a mark by which the next boot knows what was lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { lossText, parseSessionMark, SESSION_FILE, type SessionMark } from '../../src/core/auto/session.js';
import type { Ended } from './persist/machine.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);
const RULES = join(machine.root, 'etc/mkma/persist.rules');
const STATE = join(machine.root, 'run/mkma/auto.json');

beforeEach(() => {
  machine.newBase((root) => mkdirSync(join(root, 'etc')));
  machine.boot();
  mkdirSync(dirname(RULES), { recursive: true });
  // Any time is enough: how long this host runs is not known.
  writeFileSync(RULES, '[auto]\nevery 1s\n');
});

function write(path: string, content = 'x'): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

const auto = (...args: string[]): Ended => machine.mkma(['persist', '--auto', ...args]);

function layers(): string[] {
  return machine.files().filter((file) => file.startsWith('persistence.'));
}

function mark(): SessionMark | undefined {
  return machine.onStorage((storage) => {
    const file = join(storage, 'images', SESSION_FILE);
    return existsSync(file) ? parseSessionMark(readFileSync(file, 'utf8')) : undefined;
  });
}

test('what changed is saved by rules, labelled; then nothing is left to save, and the time counts anew', () => {
  write('home/anna/notes', 'kept');
  write('home/anna/.cache/app', 'dropped');
  const first = auto();
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^saved 3 changes as persistence\.\d{8}_\d{6}_auto\.cpio\.zst: /m);
  assert.match(
    first.stdout,
    /since the last save \(every 1 s\); no packages being installed; .* of RAM available/,
  );
  assert.match(first.stdout, /; 4 B changed \(most-change 1\.00 GiB\); .* free on the medium \(free-room 5%/);
  assert.equal(layers().length, 1);
  const { outcome, layer } = JSON.parse(readFileSync(STATE, 'utf8')).last;
  assert.deepEqual([outcome, `persistence.${layer}.cpio.zst`], ['saved', layers()[0]]);
  writeFileSync(RULES, '[auto]\nevery 1h\n');
  write('home/anna/more');
  assert.match(auto().stdout, /^not saved: not met: \d s since the last save \(every 60 min\)/);
  writeFileSync(RULES, '[auto]\nevery 1s\n');
  machine.boot();
  assert.deepEqual([existsSync(at('home/anna/notes')), existsSync(at('home/anna/.cache'))], [true, false]);
  assert.match(auto().stdout, /^nothing to save: /);
  assert.equal(layers().length, 1);
});

test('each condition that does not hold is named, and nothing is saved', () => {
  write('srv/data', 'x'.repeat(5000));
  const cases: [string, RegExp][] = [
    ['least-change 1M', /not met: 4\.88 KiB changed \(least-change 1\.00 MiB, most-change/],
    ['most-change 1k', /not met: 4\.88 KiB changed \(most-change 1\.00 KiB\)/],
    ['free-ram 99%', /not met: .* of RAM available \(free-ram 99%: /],
    ['free-room 100%', /not met: .* free on the medium \(free-room 100%: /],
  ];
  for (const [setting, words] of cases) {
    writeFileSync(RULES, `[auto]\nevery 1s\n${setting}\n`);
    const { code, stdout } = auto();
    assert.equal(code, 0);
    assert.match(stdout, /^not saved: /, setting);
    assert.match(stdout, words);
  }
  assert.deepEqual(layers(), []);
});

test('while a package manager writes, nothing is saved', async () => {
  write('srv/data');
  const lock = join(machine.root, 'var/lib/dpkg/lock-frontend');
  // As dpkg locks it (fcntl(2)).
  const holder =
    'import fcntl, sys, time; f = open(sys.argv[1], "a"); fcntl.lockf(f, fcntl.LOCK_EX); print("held", flush=True); time.sleep(60)';
  const child = spawn('python3', ['-c', holder, lock], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    assert.match(auto().stdout, /not met: python3 changes packages/);
    const shutdown = auto('--at-shutdown');
    assert.match(shutdown.stdout, /^not saved: not met: python3 changes packages/);
  } finally {
    child.kill('SIGKILL');
  }
  assert.equal(mark()?.ended, 'failed');
  assert.deepEqual(layers(), []);
  assert.match(auto().stdout, /^saved /m);
});

test('at shutdown everything is saved that rules keep, and the session ends with it', () => {
  writeFileSync(RULES, '[auto]\nevery 9d\nleast-change 1M\n');
  write('root/.bash_history', 'make');
  const { code, stdout, stderr } = auto('--at-shutdown');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^saved 2 changes as /m);
  assert.match(stderr, /^packing .* at level 3;/m);
  const { ended, saved, began } = mark() ?? {};
  assert.equal(ended, 'saved');
  assert.ok(Date.parse(saved ?? '') > Date.parse(began ?? ''));
});

test('a session in which nothing changed leaves no trace on the medium', () => {
  assert.match(auto('--at-shutdown').stdout, /^nothing to save: /);
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

test('a session that ends without a save is known to the next boot, with the time of the last save', () => {
  write('srv/data');
  auto();
  write('srv/more');
  const open = mark() as SessionMark;
  assert.equal(open.ended, 'open');
  assert.match(
    lossText(open) ?? '',
    /^the last session, from .*: changes after .* were not saved: it ended without a shutdown/,
  );
  // The next session replaces it.
  machine.boot();
  rmSync(STATE, { force: true });
  write('srv/again');
  assert.equal(auto('--at-shutdown').code, 0);
  assert.equal(mark()?.ended, 'saved');
});

test('a save by hand forgets what an earlier session lost, not that this one is open', () => {
  write('srv/data');
  auto();
  write('srv/more');
  assert.equal(machine.mkma(['persist', '--all']).code, 0);
  assert.equal(mark()?.ended, 'open');
  machine.onStorage((storage) => {
    const file = join(storage, 'images', SESSION_FILE);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), boot: 'another' }));
  });
  write('srv/again');
  assert.equal(machine.mkma(['persist', '--all']).code, 0);
  assert.equal(mark(), undefined);
});

test('what cannot be written at shutdown is a failure with its reason; the medium full', () => {
  machine.onStorage((storage) =>
    machine.sh('head -c 300M /dev/zero >"$0" 2>/dev/null || true', join(storage, 'fill')),
  );
  writeFileSync(RULES, '[auto]\nevery 1s\nfree-room 1\n');
  writeFileSync(at('srv'), randomBytes(6_000_000));
  const { code, stdout, stderr } = auto('--at-shutdown');
  machine.onStorage((storage) => rmSync(join(storage, 'fill')));
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /\[storage-full\]/);
  const { last } = JSON.parse(readFileSync(STATE, 'utf8'));
  assert.equal(last.outcome, 'failed');
  assert.match(last.text, /storage device/);
  assert.deepEqual(layers(), []);
});

test('a save by hand waits for one that nobody has asked for; another such does not', async () => {
  write('home/anna/notes');
  const lock = join(machine.root, 'run/mkma/persist.lock');
  const owner = join(machine.root, 'run/mkma/persist.owner');
  // As long as a save takes.
  const holding = spawn('flock', [lock, 'sh', '-c', 'echo held; exec sleep 3'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => holding.stdout.once('data', resolve));
  writeFileSync(owner, 'process 7 (mkma persist --auto), since 2026-01-01T00:00:00.000Z\n');
  const other = auto();
  assert.equal(other.code, 1);
  assert.match(other.stderr, /\[layers-locked\]\n {2}why: held by process 7 \(mkma persist --auto\)/);
  const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /^waiting for process 7 \(mkma persist --auto\), since/);
  assert.match(stdout, /^saved 3 changes/m);
});

test('invalid rules save nothing, and options that choose are refused beside --auto', () => {
  write('srv/data');
  writeFileSync(RULES, '[auto]\nevery sometimes\n');
  const wrong = auto();
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /persist\.rules:2: every sometimes: it is a time, such as 90s, 30min or 1h/);
  writeFileSync(RULES, '[auto]\nleast-change 2G\n');
  assert.match(auto().stderr, /least-change is larger than most-change/);
  for (const args of [['--all'], ['--select', 'x'], ['--dry-run']])
    assert.equal(auto(...args).code, 2, args.join());
  assert.equal(machine.mkma(['persist', '--at-shutdown']).code, 2);
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});

test('--json prints the conditions and the outcome', () => {
  write('srv/data');
  const value = JSON.parse(auto('--json').stdout);
  assert.equal(value.outcome, 'saved');
  assert.ok(value.conditions.length >= 4 && value.conditions.every(({ holds }: { holds: boolean }) => holds));
  assert.equal(value.layer.file, layers()[0]);
});
