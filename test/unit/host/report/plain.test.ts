import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../../../src/host/report/event.js';
import { jsonPrinter } from '../../../../src/host/report/json.js';
import { plainPrinter } from '../../../../src/host/report/plain.js';

const about = { stage: 'system', path: ['customising', 'users'] };
const EVENTS: readonly Event[] = [
  { type: 'stage', stage: 'system', state: 'start', detail: 'not built yet' },
  { type: 'step', ...about, state: 'start' },
  { type: 'command', ...about, state: 'start', command: 'useradd me' },
  { type: 'output', ...about, line: 'made' },
  { type: 'command', ...about, state: 'ended', command: 'useradd me', exitCode: 0, seconds: 0.1 },
  { type: 'step', ...about, state: 'done', seconds: 0.1 },
  { type: 'step', stage: 'system', path: ['units'], state: 'done', seconds: 1.2, detail: '3' },
  { type: 'stage', stage: 'system', state: 'done', seconds: 12, detail: 'box' },
];

/** What a printer writes to stderr. */
function printed(printer: typeof plainPrinter, verbose: boolean): string[] {
  const lines: string[] = [];
  const sink = { write: (text: string) => lines.push(...text.trimEnd().split('\n')) };
  const { emit } = printer({ write: () => undefined }, sink, { verbose });
  for (const event of EVENTS) emit(event);
  return lines;
}

test('plain lines: stages, and the steps that took a while', () => {
  assert.deepEqual(printed(plainPrinter, false), [
    'system: start: not built yet',
    'system: units: done (1.2 s): 3',
    'system: done (12 s): box',
  ]);
});

test('plain lines, verbose: everything', () => {
  assert.deepEqual(printed(plainPrinter, true), [
    'system: start: not built yet',
    'system: customising: users: start',
    'system$ useradd me',
    'system| made',
    'system: customising: users: done (0.1 s)',
    'system: units: done (1.2 s): 3',
    'system: done (12 s): box',
  ]);
});

test('JSON: events as they are; programs and their output with --verbose only', () => {
  const parsed = (verbose: boolean) => printed(jsonPrinter, verbose).map((line) => JSON.parse(line));
  assert.deepEqual(parsed(true), EVENTS);
  assert.deepEqual(
    parsed(false),
    EVENTS.filter(({ type }) => type !== 'output' && type !== 'command'),
  );
});
