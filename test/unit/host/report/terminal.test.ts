import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { endedLines, liveLines } from '../../../../src/host/report/live.js';
import { Running } from '../../../../src/host/report/running.js';
import { terminalPrinter } from '../../../../src/host/report/terminal.js';
import { clip, formatProgress, plainText, wrap } from '../../../../src/host/report/text.js';

/** Two stages side by side, as a cold build has them. */
function sideBySide(): Running {
  let now = 0;
  const running = new Running(() => now);
  const packages = { stage: 'packages', path: ['installing'] };
  running.note({ type: 'stage', stage: 'packages', state: 'start', detail: 'not in the cache' });
  running.note({
    type: 'stage',
    stage: 'tools',
    state: 'start',
    detail: 'not cached: 漢字漢字漢字漢字漢字',
  });
  running.note({ type: 'step', stage: 'packages', path: ['lists'], state: 'start' });
  running.note({ type: 'step', stage: 'packages', path: ['lists'], state: 'done', seconds: 2 });
  now = 2000;
  running.note({ type: 'step', ...packages, state: 'start' });
  running.note({
    type: 'progress',
    ...packages,
    done: 34,
    total: 116,
    unit: 'items',
    item: 'libpam-modules-bin',
  });
  return running;
}

test('what runs side by side, each with its steps, at 80 columns', () => {
  const screen = { columns: 80, rows: 24, now: 12_500, mark: '*' };
  assert.deepEqual(liveLines(sideBySide().stages, screen), [
    '* packages       13 s',
    '    lists 2.0 s',
    '  * installing 11 s  34 of 116: libpam-modules-bin',
    '* tools          13 s  not cached: 漢字漢字漢字漢字漢字',
  ]);
});

test('at 40 columns nothing is wider, and what has ended makes room first', () => {
  const screen = { columns: 40, rows: 24, now: 12_500, mark: '*' };
  assert.deepEqual(liveLines(sideBySide().stages, screen), [
    '* packages       13 s',
    '    lists 2.0 s',
    '  * installing 11 s  34 of 116: libpam…',
    '* tools          13 s  not cached: 漢…',
  ]);
  const low = liveLines(sideBySide().stages, { ...screen, rows: 4 });
  assert.deepEqual(
    low.map((line) => line.slice(0, 12)),
    ['* packages  ', '  * installi', '* tools     '],
  );
});

test('a stage that ended: its result, and below it the steps that took a while', () => {
  const steps = [
    { path: ['unpacking'], seconds: 3.2, failed: false },
    { path: ['customising', 'users'], seconds: 0.7, failed: false },
    { path: ['customising', 'units'], seconds: 0.1, failed: false },
    { path: ['customising'], seconds: 0.9, failed: false, detail: 'as defined' },
    { path: ['hooks[0] make'], seconds: 0.1, failed: true },
  ];
  const head = { mark: '✗', stage: 'system', seconds: 5, detail: 'box, kernel 6.12.118+deb13-amd64' };
  assert.deepEqual(endedLines(head, steps, false, 80), [
    '✗ system        5.0 s  box, kernel 6.12.118+deb13-amd64',
    '    unpacking 3.2 s',
    '    customising 0.9 s  as defined',
    '      users 0.7 s',
    '    hooks[0] make 0.1 s failed',
  ]);
  assert.deepEqual(endedLines(head, [], true, 40), [
    '✗ system        5.0 s  box, kernel',
    '          6.12.118+deb13-amd64',
  ]);
  assert.ok(endedLines(head, steps, true, 80).includes('      units 0.1 s'));
});

test('amounts', () => {
  assert.equal(
    formatProgress({ done: 34, total: 116, unit: 'items', item: 'systemd' }, 9),
    '34 of 116: systemd',
  );
  assert.equal(
    formatProgress({ done: 2 ** 20, total: 2 ** 21, unit: 'bytes' }, 4),
    '██░░  50%  1.00 MiB of 2.00 MiB',
  );
  assert.equal(
    formatProgress({ done: 2 ** 20, total: 2 ** 21, unit: 'bytes' }, 0),
    ' 50%  1.00 MiB of 2.00 MiB',
  );
});

test('lines of programs cannot move the cursor, and wide characters count as two columns', () => {
  assert.equal(plainText('\u001b[31mred\u001b[0m\tand\rback\u001b[2J'), 'red and back');
  assert.equal(clip('漢字漢字', 5), '漢字…');
  assert.equal(clip('漢字漢字', 8), '漢字漢字');
  assert.equal(clip('plain', 5), 'plain');
  assert.deepEqual(wrap('a word that goes on', 10, 2), ['a word', '  that', '  goes on']);
});

/** A terminal that keeps what is written. */
class Screen extends EventEmitter {
  written = '';
  readonly isTTY = true;
  constructor(
    public columns: number,
    readonly rows = 24,
  ) {
    super();
  }
  write(text: string): boolean {
    this.written += text;
    return true;
  }
}

test('without colours there are none; made narrower, what the broken lines left is erased', () => {
  const screen = new Screen(80);
  const stream = screen as unknown as NodeJS.WriteStream;
  const printer = terminalPrinter(stream, stream, { verbose: false, colours: false });
  printer.emit({ type: 'stage', stage: 'packages', state: 'start', detail: 'x'.repeat(80) });
  screen.columns = 40;
  screen.written = '';
  screen.emit('resize');
  // Of 79 columns two lines were made.
  assert.ok(screen.written.includes('\u001b[1A\u001b[J'), JSON.stringify(screen.written));
  printer.emit({ type: 'stage', stage: 'packages', state: 'done', seconds: 1, detail: 'done' });
  printer.close();
  for (const code of [31, 32, 36]) assert.equal(screen.written.includes(`\u001b[${code}m`), false);
  const lines = stripVTControlCharacters(screen.written).split('\n');
  assert.ok(
    lines.every((line) => line.length <= 40),
    lines.join('\n'),
  );
  assert.equal(screen.listenerCount('resize'), 0);
});
