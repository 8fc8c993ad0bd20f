/** What is generated is current; and editors tell of a definition what mkma would. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { referenceOfThis } from '../../src/host/cli/reference.js';
import type { FragmentFields } from '../../src/host/definition/define.js';
import type { MachineInput } from '../../src/host/definition/machine.js';
import { resolveMachine } from '../../src/host/definition/resolve.js';
import { startingDefinition } from '../../src/host/verbs/starting-definition.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mkma-reference-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('reference, manual page, JSON Schema and completion are current', () => {
  for (const [path, text] of Object.entries(referenceOfThis())) {
    const committed = readFileSync(join(repository, path), 'utf8');
    assert.ok(committed === text, `${path} is not current: npm run reference`);
  }
});

/** What the compiler says of definitions: `FILE(LINE`. */
function compiled(files: Readonly<Record<string, string>>, include?: string): string[] {
  const own = mkdtempSync(join(folder, 'types-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text);
  const compilerOptions = {
    ...{
      strict: true,
      noEmit: true,
      target: 'ES2023',
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      types: [],
    },
    paths: { mkma: [join(repository, 'dist/mkma.d.ts')] },
  };
  writeFileSync(
    join(own, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: [include ?? '*.ts'] }),
  );
  const done = spawnSync(join(repository, 'node_modules/.bin/tsc'), ['-p', own], { encoding: 'utf8' });
  return done.stdout.split('\n').flatMap((line) => /([\w.]+\(\d+),\d+\): error/.exec(line)?.[1] ?? []);
}

const define = (fields: string): string =>
  `import { defineMachine, fragments, presets, replace } from 'mkma';\nexport default defineMachine({\n${fields}\n});\n`;

test('the types take what mkma takes, and tell of wrong keys and values at their lines', () => {
  const right = define(`
  extends: ['server', fragments.localRoot, presets.console ?? {}, (before) => ({ packages: before.packages ?? [] })],
  packages: ['a'], users: { root: { autologin: replace([]) }, anna: { password: { hashFile: './x' } } },
  services: replace({ enable: ['x'] }), files: { '/etc/a': 'x', '/etc/b': { from: './b', values: { a: 1 } } },
  kernel: { from: 'path', image: './vmlinuz', modules: './modules' },
  hooks: [{ at: 'system', run: async ({ run }) => { await run('true'); } }],
  tests: replace([{ name: 'x', async run(guest) { const { exitCode } = await guest.run('true'); if (exitCode !== 0) throw new Error(); } }]),`);
  const wrong = {
    'key.ts': define("  hostname: 'a',\n  pakages: ['a'],"),
    'value.ts': define("  hostname: 'a',\n  format: 'erosf',"),
    'nested.ts': define("  users: {\n    anna: {\n      sudo: 'yes',\n    },\n  },"),
    'list.ts': define("  packages: 'a',"),
    'guest.ts': define("  tests: [{ name: 'x', run: (guest) =>\n    guest.rum('x') }],"),
  };
  assert.deepEqual(compiled({ 'right.ts': right, ...wrong }).sort(), [
    'guest.ts(4',
    'key.ts(4',
    'list.ts(3',
    'nested.ts(5',
    'value.ts(4',
  ]);
});

test('the examples are as their types say', () => {
  assert.deepEqual(compiled({}, join(repository, 'examples/*/*.ts')), []);
});

test('what mkma new writes is right, also with every line that is commented out', async () => {
  for (const [preset, key] of [
    ['console'],
    ['server'],
    ['server', 'ssh-ed25519 AAAA me@home'],
    ['desktop'],
  ] as const) {
    const text = startingDefinition(preset, key);
    const all = text.replace(/^( *)\/\/ (?=['a-z][\w./-]*'?: |'[a-z]+',)/gm, '$1');
    assert.ok(all.split('\n').length === text.split('\n').length && all.includes("\n    'tmux',"), all);
    assert.deepEqual(compiled({ 'mkma.config.ts': text, 'all.ts': all }), []);
    const own = join(folder, `${preset}${key === undefined ? '' : '-key'}`);
    mkdirSync(join(own, 'app'), { recursive: true });
    mkdirSync(join(own, 'config'));
    writeFileSync(join(own, 'password'), '$6$salt$hash\n');
    writeFileSync(join(own, 'plain.ts'), text);
    writeFileSync(join(own, 'all.ts'), all);
    for (const name of ['plain.ts', 'all.ts']) {
      const resolved = await resolveMachine({ config: join(own, name) });
      assert.ok(resolved.ok, JSON.stringify(resolved));
    }
  }
});

test('the fields of definitions are those of the schema', () => {
  // Checked by the compiler.
  const fields: FragmentFields = {} satisfies MachineInput;
  assert.deepEqual(fields, {});
  const page = readFileSync(join(repository, 'docs/reference/config.md'), 'utf8');
  assert.ok(page.includes('## users') && readdirSync(join(repository, 'docs/reference')).length === 5);
});
