/** Packages that cannot be installed as the definition has it: both are named, and the line that asks for them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf, mkma, temporary } from './cli.js';

test('two packages that exclude each other are named with the line of the definition', async () => {
  using folder = temporary();
  const config = join(folder.path, 'mkma.config.ts');
  const lines = [
    "import { defineMachine } from 'mkma';",
    'export default defineMachine({',
    "  hostname: 'x',",
    '  packages: [',
    "    'postfix',",
    "    'exim4-daemon-light',",
    '  ],',
    '});',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const ended = await mkma(['build', '--config', config, '--output', join(folder.path, 'out'), '--json']);
  assert.equal(ended.code, 1, ended.stderr);
  assert.equal(codeOf(ended), 'packages-conflict', ended.stdout);
  const { what, where } = JSON.parse(ended.stdout).error;
  assert.match(what, /exim4-daemon-light/);
  assert.match(what, /postfix/);
  assert.match(where, /mkma\.config\.ts:6\b/);
});
