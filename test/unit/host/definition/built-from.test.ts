/** Whether images are still what a definition says: known without running it. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { changeSince, noteSource } from '../../../../src/host/definition/built-from.js';
import { Merged } from '../../../../src/host/definition/merge.js';
import { readSource } from '../../../../src/host/definition/source.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-built-from-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function built(name: string, config: string | undefined, preset?: string): Promise<string> {
  const output = join(folder, name);
  mkdirSync(join(output, '.mkma'), { recursive: true });
  const source = await readSource(new Merged(), { config, preset });
  assert.ok(source.ok);
  noteSource(output, source.value.source);
  return output;
}

test('a file: unchanged, moved, changed in any of its parts, gone', async () => {
  const own = join(folder, 'own');
  mkdirSync(join(own, 'parts'), { recursive: true });
  writeFileSync(join(own, 'parts/name.ts'), "export const name = 'one';\n");
  writeFileSync(join(own, 'team.json'), '{ "packages": ["tmux"] }');
  const config = join(own, 'mkma.config.ts');
  writeFileSync(
    config,
    "import { defineMachine } from 'mkma';\nimport { name } from './parts/name.ts';\nexport default defineMachine({ extends: ['./team.json'], hostname: name });\n",
  );
  const output = await built('images', config);
  assert.equal(changeSince(output, { file: config }), undefined);

  const copy = join(folder, 'copy');
  cpSync(own, copy, { recursive: true });
  const copied = join(copy, 'mkma.config.ts');
  assert.equal(changeSince(output, { file: copied }), undefined);
  writeFileSync(join(copy, 'team.json'), '{}');
  assert.deepEqual(changeSince(output, { file: copied }), { kind: 'other', built: config, meant: copied });

  for (const name of ['parts/name.ts', 'team.json', 'mkma.config.ts']) {
    const path = join(own, name);
    renameSync(path, `${path}.kept`);
    assert.deepEqual(changeSince(output, { file: config }), { kind: 'changed', files: [path] });
    // What is in it is not run.
    writeFileSync(path, 'process.exit(7);\n');
    assert.deepEqual(changeSince(output, { file: config }), { kind: 'changed', files: [path] });
    renameSync(`${path}.kept`, path);
  }
  assert.equal(changeSince(output, { file: config }), undefined);
  assert.deepEqual(changeSince(output, { preset: 'console' }), {
    kind: 'other',
    built: config,
    meant: 'the preset console',
  });
});

test('a preset; images that nobody has noted anything of', async () => {
  const output = await built('plain', undefined, 'server');
  assert.equal(changeSince(output, { preset: 'server' }), undefined);
  const meant = 'the preset console';
  const was = 'the preset server';
  assert.deepEqual(changeSince(output, { preset: 'console' }), { kind: 'other', built: was, meant });
  assert.equal(changeSince(folder, { preset: 'console' }), undefined);
  writeFileSync(join(output, '.mkma/definition.json'), '{ "files": 1 }');
  assert.equal(changeSince(output, { preset: 'console' }), undefined);
});
