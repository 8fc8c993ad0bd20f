import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { violations } from './layering.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('every source file keeps the boundaries of the house', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((p) =>
    p.endsWith('.ts'),
  );
  assert.ok(files.length > 50, `only ${files.length} files found`);
  const found = files.flatMap((file) => {
    const path = `src/${file}`;
    return violations({ path, text: readFileSync(join(root, path), 'utf8') });
  });
  assert.deepEqual(found, []);
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
  ];
  for (const [path, text] of cases) assert.equal(violations({ path, text }).length, 1, `${path}: ${text}`);
});

test('what is allowed is not complained about', () => {
  const cases: [string, string][] = [
    ['src/core/a.ts', "import { x } from './b.js'; // console"],
    ['src/host/a/b.ts', "import { x } from '../../core/x.js';"],
    ['src/host/sys/run.ts', "import { spawn } from 'node:child_process';"],
    ['src/host/main.ts', 'process.exit(1);'],
    ['src/host/steps/b.ts', 'rmSync(a, { force: true });\nmkdirSync(b, { recursive: true });'],
    ['src/host/sys/remove.ts', 'rmSync(a, { recursive: true });'],
    ['src/guest/qjs/machine.ts', "import * as os from 'os';"],
    ['src/guest/mkma/b.ts', "import { run } from '@stricli/core';"],
    ['src/guest/init/b.ts', "import { x } from '../../core/x.js';"],
  ];
  for (const [path, text] of cases) assert.deepEqual(violations({ path, text }), [], `${path}: ${text}`);
});
