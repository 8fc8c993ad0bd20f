/** What a test needs is told by its imports, through whatever modules. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { needsOf } from '../needs.js';

const FILES: Record<string, string> = {
  'cli/images.js': '',
  'cli/machine.js': "import { sharedImages } from './images.js';",
  'cli/a.test.js': "import { x } from './machine.js';\nimport { y } from '../../src/core/y.js';",
  'cli/b.test.js': "import { x } from '../unit/x.js'; // images",
  'unit/x.js': "import './y.js';",
  'unit/y.js': "const text = `import { x } from '../nowhere.js'`;",
  'vm/harness.js': "export * from '../cli/cli.js';",
  'cli/cli.js': '',
  'long/late.test.js': "process.env.A = 'b';\nconst { Vm } = await import('../vm/harness.js');",
};

test('images and machines are reached through imports, also late ones; what is no import counts for nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  try {
    for (const [path, code] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), code);
    }
    const needs = (path: string) => [...needsOf(folder, path)];
    assert.deepEqual(needs('cli/a.test.js'), ['images']);
    assert.deepEqual(needs('cli/b.test.js'), []);
    assert.deepEqual(needs('long/late.test.js'), ['machines']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
