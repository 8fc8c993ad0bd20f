import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { renderProblem } from '../../../../src/core/result.js';
import { machineSchema } from '../../../../src/host/definition/machine.js';
import { resolveMachine } from '../../../../src/host/definition/resolve.js';
import { WRONG } from './wrong.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-wrong-'));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'adir'));
writeFileSync(join(folder, 'afile'), 'x\n');

/** What is said of a definition; each lies in a folder of its own, since modules are loaded once. */
async function told(name: string, definition: string): Promise<string[]> {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(
    join(own, 'mkma.config.ts'),
    `import { defineMachine } from 'mkma';\nexport default defineMachine(${definition.replaceAll("'./", "'../")});\n`,
  );
  const found = await resolveMachine({ config: join(own, 'mkma.config.ts') });
  assert.ok(!found.ok, 'it was accepted');
  assert.equal(found.problem.kind, 'usage');
  return renderProblem(found.problem).map((line) =>
    line
      .replaceAll(/\S*mkma\.config\.ts/g, 'mkma.config.ts')
      .replaceAll(`${folder}/`, 'FOLDER/')
      .replace(/\S*none\.ts(?= \[)/, 'FOLDER/none.ts')
      .replace(Object.keys(machineSchema.shape).join(', '), 'FIELDS'),
  );
}

for (const [i, { what, definition, lines }] of WRONG.entries()) {
  test(`a definition that is wrong: ${what}`, async () => {
    assert.deepEqual(await told(String(i), definition), lines);
  });
}
