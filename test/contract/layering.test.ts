import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { violations } from './layering.js';
import { circles, edgesOf, orderViolations, readOrder, tableFaults } from './order.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: `src/${path}`, text: read(`src/${path}`) }));
const edges = edgesOf(files);
const order = readOrder(read('ARCHITECTURE.md'));

test('every source file keeps the boundaries of the house', () => {
  assert.ok(files.length > 50, `only ${files.length} files found`);
  assert.deepEqual(files.flatMap(violations), []);
});

test('folders import each other as the table in ARCHITECTURE.md says', () => {
  assert.ok(order.length > 30, `only ${order.length} rows found`);
  assert.ok(edges.length > 1000, `only ${edges.length} imports found`);
  assert.deepEqual(tableFaults(order), []);
  assert.deepEqual(
    orderViolations(
      order,
      files.map(({ path }) => path),
      edges,
    ),
    [],
  );
});

test('nothing in src imports in a circle', () => {
  assert.deepEqual(circles(edges), []);
});

test('each rule catches what it forbids', () => {
  const cases: [string, string][] = [
    ['src/core/a.ts', "import { readFileSync } from 'node:fs';"],
    ['src/core/a.ts', "import { x } from '../host/x.js';"],
    ['src/core/a.ts', 'export const now = () => Date.now();'],
    ['src/core/a.ts', "export const f = new Intl.NumberFormat('en');"],
    ['src/host/a/b.ts', "import { x } from '../../guest/x.js';"],
    ['src/host/steps/b.ts', "import { spawn } from 'node:child_process';"],
    ['src/host/steps/b.ts', "export const x = await import('execa');"],
    ['src/host/sys/run.ts', "import { spawn } from 'node:child_process';"],
    ['src/host/steps/b.ts', 'process.exit(1);'],
    ['src/host/steps/b.ts', 'console.log(1);'],
    ['src/host/tools/b.ts', 'export const home = process.env.HOME;'],
    ['src/host/steps/b.ts', "process.chdir('/');"],
    ['src/host/steps/b.ts', 'rmSync(a, { recursive: true, force: true });'],
    ['src/host/sys/scratch.ts', 'await rm(join(a, b), {\n  recursive: true,\n});'],
    ['src/guest/init/b.ts', "import { x } from '../../host/x.js';"],
    ['src/guest/init/b.ts', "import * as os from 'os';"],
    ['src/guest/init/b.ts', "import { run } from '@stricli/core';"],
    ['src/guest/mkma/b.ts', "import * as std from 'std';"],
    // Types count, in whatever form they are imported.
    ['src/host/a/b.ts', "import type { X } from '../../guest/x.js';"],
    ['src/host/a/b.ts', "export type { X } from '../../guest/x.js';"],
    ['src/host/a/b.ts', "export * from '../../guest/x.js';"],
    ['src/host/a/b.ts', "export type X = import('../../guest/x.js').X;"],
    ['src/host/a/b.ts', "export const x = import('../../guest/x.js');"],
  ];
  for (const [path, text] of cases) assert.equal(violations({ path, text }).length, 1, `${path}: ${text}`);
});

test('what is allowed is not complained about', () => {
  const cases: [string, string][] = [
    ['src/core/a.ts', "import { x } from './b.js'; // console"],
    ['src/core/a.ts', "/* import { x } from '../host/x.js'; */ export const a = 'console.log(process.env)';"],
    ['src/host/a/b.ts', "import { x } from '../../core/x.js';"],
    ['src/host/a/b.ts', '// process.exit(1)\nexport const a = { exit: `process.exit(1)` };'],
    ['src/host/sys/launch.ts', "import { spawn } from 'node:child_process';"],
    ['src/host/main.ts', 'process.exit(1);'],
    ['src/host/steps/b.ts', 'rmSync(a, { force: true });\nmkdirSync(b, { recursive: true });'],
    ['src/host/sys/remove.ts', 'rmSync(a, { recursive: true });'],
    ['src/guest/qjs/machine.ts', "import * as os from 'os';"],
    ['src/guest/mkma/b.ts', "import { run } from '@stricli/core';"],
    ['src/guest/init/b.ts', "import { x } from '../../core/x.js';"],
  ];
  for (const [path, text] of cases) assert.deepEqual(violations({ path, text }), [], `${path}: ${text}`);
});

/** A small house: what imports against its order. */
const PLAN = readOrder(`| folder | imports |
|---|---|
| \`host/main.ts\` | \`cli\` |
| \`host/cli\` | \`sys\`, \`core\` |
| \`host\` | |
| \`host/sys\` | \`core\` |
| \`core/image\` | \`core\` |
| \`core\` | |

Something else.
`);

const KEPT = {
  'src/host/main.ts': "import '../host/cli/a.js';",
  'src/host/cli/a.ts': "import '../sys/run.js'; import '../../core/image/b.js';",
  'src/host/sys/run.ts': "import { ok } from '../../core/result.js';",
  'src/core/image/b.ts': "import '../result.js';",
  'src/core/result.ts': '',
};

/** What a house comes to that differs in these files. */
function judge(changed: Readonly<Record<string, string>>): string[] {
  const house = Object.entries({ ...KEPT, ...changed }).map(([path, text]) => ({ path, text }));
  const paths = house.map(({ path }) => path);
  return [...orderViolations(PLAN, paths, edgesOf(house)), ...circles(edgesOf(house))];
}

test('the order of the folders: what it forbids is found', () => {
  assert.deepEqual(PLAN[1], { name: 'host/cli', imports: ['sys', 'core'] });
  assert.deepEqual(judge({}), []);
  const up = 'src/host/sys/run.ts: host/sys does not import host/cli (src/host/cli/x.ts)';
  const cases: [string, string][] = [
    ["import { x } from '../cli/x.js';", up],
    ["import type { X } from '../cli/x.js';", up],
    ["import { type X } from '../cli/x.js';", up],
    ["export type { X } from '../cli/x.js';", up],
    ["export * from '../cli/x.js';", up],
    ["export type X = import('../cli/x.js').X;", up],
    ["export const x = await import('../cli/x.js');", up],
  ];
  for (const [text, found] of cases) {
    assert.deepEqual(
      judge({ 'src/host/sys/y.ts': '', 'src/host/sys/run.ts': KEPT['src/host/sys/run.ts'] + text }),
      [found, CIRCLE],
      text,
    );
  }
  assert.deepEqual(judge({ 'src/host/new/a.ts': '' }), ['src/host/new/a.ts: its folder has no row']);
  assert.deepEqual(judge({ 'src/host/cli/a.ts': "import '../sys/run.js';" }), [
    'host/cli: imports nothing of core',
  ]);
  assert.deepEqual(
    judge({ 'src/core/image/b.ts': "import '../../host/sys/run.js'; import '../result.js';" }),
    [
      'src/core/image/b.ts: core/image does not import host/sys (src/host/sys/run.ts)',
      'src/ has a circle: src/host/cli/a.ts -> src/core/image/b.ts, src/core/image/b.ts -> src/host/sys/run.ts',
    ],
  );
});

const CIRCLE =
  'src/host/ has a circle: src/host/cli/a.ts -> src/host/sys/run.ts, src/host/sys/run.ts -> src/host/cli/x.ts';

test('circles: of files, of folders, of a folder and a file beside it, by types alone', () => {
  const circlesOf = (all: Readonly<Record<string, string>>): string[] =>
    circles(edgesOf(Object.entries(all).map(([path, text]) => ({ path, text }))));
  assert.deepEqual(circlesOf({ 'src/a/x.ts': "import './y.js';", 'src/a/y.ts': "import './z.js';" }), []);
  assert.deepEqual(
    circlesOf({
      'src/a/x.ts': "import './y.js';",
      'src/a/y.ts': "import type { Z } from './z.js';",
      'src/a/z.ts': "export type X = import('./x.js').X;",
    }),
    ['src/a/ has a circle: src/a/x.ts -> src/a/y.ts, src/a/y.ts -> src/a/z.ts, src/a/z.ts -> src/a/x.ts'],
  );
  assert.deepEqual(circlesOf({ 'src/a/x.ts': "import '../b/x.js';", 'src/b/y.ts': "import '../a/y.js';" }), [
    'src/ has a circle: src/a/x.ts -> src/b/x.ts, src/b/y.ts -> src/a/y.ts',
  ]);
  assert.deepEqual(circlesOf({ 'src/a/x.ts': "import './b/x.js';", 'src/a/b/y.ts': "import '../x.js';" }), [
    'src/a/ has a circle: src/a/x.ts -> src/a/b/x.ts, src/a/b/y.ts -> src/a/x.ts',
  ]);
});

test('the table: a row names rows below it alone', () => {
  const row = (name: string, ...imports: string[]) => ({ name, imports });
  assert.deepEqual(
    tableFaults([row('host/a', 'b', 'core'), row('host/b'), row('core/x', 'core'), row('core')]),
    [],
  );
  assert.deepEqual(tableFaults([row('host/a', 'b'), row('host/b', 'a', 'c')]), [
    'host/b: a is no row below it',
    'host/b: c is no row below it',
  ]);
  assert.deepEqual(tableFaults([row('core'), row('core/x', 'core')]), ['core/x: core is no row below it']);
});
