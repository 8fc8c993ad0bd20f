import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Problem } from '../../../src/core/result.js';
import type { Event } from '../../../src/host/report/event.js';
import { StageLogs } from '../../../src/host/stage-logs.js';
import { removeTree } from '../../../src/host/sys/remove.js';

/** A folder for logs, and the logs. */
function rig() {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-logs-'));
  const warnings: Problem[] = [];
  const path = join(folder, 'logs');
  const open = () => new StageLogs(path, undefined, (problem) => warnings.push(problem));
  return { folder, path, warnings, open, [Symbol.dispose]: () => removeTree(folder) };
}

const about = { stage: 'system', path: ['users'] };
const RUN: readonly Event[] = [
  { type: 'stage', stage: 'system', state: 'start', detail: 'not built yet' },
  { type: 'step', ...about, state: 'start' },
  { type: 'command', ...about, state: 'start', command: 'useradd\n  me' },
  { type: 'output', ...about, line: 'from http://me:secret@host/' },
  { type: 'command', ...about, state: 'ended', command: 'useradd\n  me', exitCode: 0, seconds: 0.25 },
  { type: 'step', ...about, state: 'done', seconds: 0.5 },
];
/** A log without its head and its times. */
const read = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^\[ *[\d.]+\] /, ''));

test('a log has steps, command lines, output and times, and no logins', () => {
  using at = rig();
  const logs = at.open();
  for (const event of RUN) logs.note(event);
  assert.deepEqual(readdirSync(at.path), ['system.unfinished.log']);
  assert.equal(statSync(join(at.path, 'system.unfinished.log')).mode & 0o777, 0o600);
  logs.note({ type: 'stage', stage: 'system', state: 'done', detail: 'box', seconds: 1 });
  assert.deepEqual(readdirSync(at.path), ['system.log']);
  assert.deepEqual(read(join(at.path, 'system.log')), [
    'start: not built yet',
    '== users: start',
    '$ useradd',
    '    me',
    '  from http://***@host/',
    '$ exit code 0 (0.250 s): useradd',
    '== users: done (0.500 s)',
    'done (1.000 s): box',
  ]);
  assert.equal(logs.ofFailure, undefined);
});

test("a failed stage's log stays beside the last whole one, until the stage succeeds", () => {
  using at = rig();
  const build = (state: 'done' | 'failed', stage = 'system') => {
    const logs = at.open();
    logs.note({ type: 'stage', stage, state: 'start' });
    logs.note({ type: 'stage', stage, state, detail: `as ${state}`, seconds: 0 });
    return logs;
  };
  build('done');
  const failed = build('failed');
  assert.equal(failed.ofFailure, join(at.path, 'system.unfinished.log'));
  assert.deepEqual(readdirSync(at.path).sort(), ['system.log', 'system.unfinished.log']);
  assert.deepEqual(read(join(at.path, 'system.log')), ['start', 'done (0.000 s): as done']);
  build('done');
  assert.deepEqual(readdirSync(at.path), ['system.log']);
  build('done', 'build ../my tool');
  assert.deepEqual(readdirSync(at.path).sort(), ['build-..-my-tool.log', 'system.log']);
});

test('a stage that runs twice in a build has one log', () => {
  using at = rig();
  const logs = at.open();
  for (const detail of ['first', 'second']) {
    logs.note({ type: 'stage', stage: 'build-tools', state: 'start', detail });
    logs.note({ type: 'stage', stage: 'build-tools', state: 'done' });
  }
  const text = readFileSync(join(at.path, 'build-tools.log'), 'utf8');
  assert.match(text, /first[\s\S]*second/);
});

test('a log never follows a link', () => {
  using at = rig();
  const logs = at.open();
  logs.note({ type: 'stage', stage: 'other', state: 'start' });
  const precious = join(at.folder, 'precious');
  writeFileSync(precious, 'kept');
  symlinkSync(precious, join(at.path, 'system.unfinished.log'));
  logs.note({ type: 'stage', stage: 'system', state: 'start' });
  logs.close();
  assert.equal(readFileSync(precious, 'utf8'), 'kept');
});

test('logs that cannot be written are one warning, and nothing else', () => {
  using at = rig();
  writeFileSync(at.path, 'a file where the folder would be');
  const logs = at.open();
  for (const event of RUN) logs.note(event);
  assert.deepEqual(
    at.warnings.map(({ code }) => code),
    ['log-not-written'],
  );
  assert.equal(existsSync(join(at.path, 'system.log')), false);
});
