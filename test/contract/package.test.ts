/** What a definition imports as `mkma`, where it has a copy of its own: a project's node_modules, read by the shipped program. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

test('definitions in JavaScript get mkma from a package beside them, and say fields anew with it', () => {
  const project = mkdtempSync(join(tmpdir(), 'mkma-project-'));
  try {
    const copy = join(project, 'node_modules/mkma');
    mkdirSync(copy, { recursive: true });
    cpSync(join(repository, 'package.json'), join(copy, 'package.json'));
    cpSync(join(repository, 'dist/host'), join(copy, 'dist/host'), { recursive: true });
    const definition = (module: string): string =>
      `${module}\nconst machine = defineMachine({ hostname: 'anew', packages: replace(['vim']) });\n`;
    const files: Record<string, string> = {
      'a.mjs': `${definition("import { defineMachine, replace } from 'mkma';")}export default machine;\n`,
      'b.cjs': `${definition("const { defineMachine, replace } = require('mkma');")}module.exports = machine;\n`,
      'c.ts': "export { default } from './a.mjs';\n",
    };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(project, name), text);
      const args = [join(repository, 'dist/host/main.js'), 'summary', '--json', '--config', name];
      const printed = execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
      const { fields } = JSON.parse(printed) as { fields: readonly { name: string; value: string }[] };
      const packages = fields.filter((field) => field.name.startsWith('packages'));
      assert.deepEqual(
        packages.map(({ value }) => value),
        ['vim'],
        name,
      );
    }
  } finally {
    rmSync(project, { recursive: true });
  }
});
