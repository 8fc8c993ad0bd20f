import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { replace } from '../../../../src/host/definition/define.js';
import { Merged, type Origin } from '../../../../src/host/definition/merge.js';
import { type ResolvedMachine, resolveMachine } from '../../../../src/host/definition/resolve.js';
import { digestOfSource } from '../../../../src/host/definition/source.js';
import { whereOf } from '../../../../src/host/definition/where.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-definition-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function resolved(config: string, more = {}): Promise<ResolvedMachine> {
  const found = await resolveMachine({ config, ...more });
  assert.ok(found.ok, JSON.stringify(found));
  return found.value;
}

async function refused(config: string): Promise<string> {
  const found = await resolveMachine({ config });
  assert.ok(!found.ok);
  const { what, where = '', why = '' } = found.problem;
  return `${what} | ${short(where)} | ${short(why)}`;
}

/** Without the folder, which is told as seen from here where that is near. */
function short(text: string): string {
  return text.replaceAll(`${relative('.', folder)}/`, '').replaceAll(`${folder}/`, '');
}

const typescript = (fields: string): string =>
  `import { defineMachine, replace, fragments } from 'mkma';\nexport default defineMachine(${fields});\n`;

test('layers: lists are joined without repetitions, objects merged, the rest said anew; replace forgets', () => {
  const merged = new Merged();
  const by = (text: string): Origin => ({ by: 'option', text });
  merged.add({
    origin: by('a'),
    fields: { packages: ['x', 'y'], users: { anna: { uid: 1, groups: ['a'] } }, zram: 1 },
  });
  merged.add({
    origin: by('b'),
    fields: { packages: ['y', 'z'], users: { anna: { groups: ['b'] }, ben: {} }, zram: 2 },
  });
  merged.add({
    origin: by('c'),
    fields: { users: { anna: { groups: replace(['c']) } }, hostname: undefined },
  });
  assert.deepEqual(merged.fields, {
    packages: ['x', 'y', 'z'],
    users: { anna: { uid: 1, groups: ['c'] }, ben: {} },
    zram: 2,
  });
  const who = (...path: (string | number)[]): string => whereOf(merged.originOf(path));
  assert.deepEqual(
    [who('packages', 0), who('packages', 2), who('users', 'anna', 'uid'), who('users', 'anna', 'groups', 0)],
    ['a', 'b', 'a', 'c'],
  );
  assert.deepEqual([who('zram'), who('users', 'ben', 'shell'), who('locale')], ['b', 'b', 'default']);
});

test('what is of another kind takes the place of what was said before, and a function that fails is told', async () => {
  const files =
    "files: { '/etc/resolv.conf': { content: 'x' }, '/etc/motd': { content: 'b', mode: '0600' } }";
  write(
    'kind/base.ts',
    typescript(
      "{ files: { '/etc/motd': { content: 'a', owner: 'root' } }, users: { a: { password: { hash: '$6$a$b' } } }, kernel: { from: 'path', image: './x', modules: './y' } }",
    ),
  );
  write('kind/hash', 'x');
  const config = write(
    'kind/mkma.config.ts',
    typescript(
      `{ extends: ['server', './base.ts'], hostname: 'a', ${files}, users: { a: { password: { hashFile: './hash' } } }, kernel: { from: 'debian' } }`,
    ),
  );
  const { machine } = await resolved(config);
  assert.deepEqual(machine.files['/etc/resolv.conf'], { content: 'x' });
  assert.deepEqual(machine.files['/etc/motd'], { content: 'b', owner: 'root', mode: '0600' });
  assert.deepEqual(machine.users.a?.password, { hashFile: join(folder, 'kind/hash') });
  assert.deepEqual(machine.kernel, { from: 'debian' });
  const failing = write(
    'fails/mkma.config.ts',
    typescript('{ extends: [() => { throw new Error("own words"); }] }'),
  );
  assert.equal(
    await refused(failing),
    'a function in extends failed: Error: own words | fails/mkma.config.ts:2 | ',
  );
});

test('without on the command line takes the place of what the definition leaves out', async () => {
  const config = write('without/mkma.config.ts', typescript("{ hostname: 'a', without: ['modules'] }"));
  assert.deepEqual((await resolved(config, { without: ['docs'] })).machine.without, ['docs']);
});

test('a file builds upon a preset, fragments, functions and another file; the command line wins', async () => {
  write('shared/keys.pub', 'ssh-ed25519 AAAA x\n');
  write(
    'shared/team.ts',
    typescript(
      "{ extends: [], users: { anna: { authorizedKeys: [{ file: './keys.pub' }] } }, timezone: 'Europe/Berlin' }",
    ),
  );
  const config = write(
    'own/mkma.config.ts',
    typescript(`{
  extends: ['console', '../shared/team.ts', { packages: ['one'] }, (before) => ({ cmdline: [\`before=\${before.packages.length}\`] })],
  hostname: 'box',
  timezone: 'Europe/Paris',
}`),
  );
  const { machine, merged, source } = await resolved(config, { suite: 'sid' });
  assert.equal(source.file, config);
  assert.deepEqual([machine.hostname, machine.timezone, machine.suite], ['box', 'Europe/Paris', 'sid']);
  assert.ok(machine.packages.includes('systemd-sysv') && machine.packages.includes('one'));
  assert.deepEqual(machine.cmdline, [`before=${machine.packages.length}`]);
  // Relative to the file that names it.
  assert.deepEqual(machine.users.anna?.authorizedKeys, [{ file: join(folder, 'shared/keys.pub') }]);
  const who = (...path: (string | number)[]): string => short(whereOf(merged.originOf(path)));
  assert.deepEqual(
    [
      who('packages', 0),
      who('timezone'),
      who('users', 'anna', 'authorizedKeys', 0),
      who('suite'),
      who('format'),
    ],
    ['preset console', 'own/mkma.config.ts:5', 'shared/team.ts:2', '--suite sid', 'default'],
  );
});

test('without a preset of its own a definition builds upon the console; an empty list upon nothing', async () => {
  const upon = await resolved(write('upon/mkma.config.ts', typescript("{ hostname: 'a' }")));
  assert.ok(upon.machine.packages.includes('systemd-sysv'));
  // Also when another one builds upon it.
  const other = await resolved(
    write('other/mkma.config.ts', typescript("{ extends: ['../upon/mkma.config.ts'], hostname: 'b' }")),
  );
  assert.deepEqual(other.machine.packages, upon.machine.packages);
  const bare = await resolved(write('bare/mkma.config.ts', typescript("{ extends: [], hostname: 'a' }")));
  assert.deepEqual(bare.machine.packages, []);
});

test('JavaScript and JSON define machines too', async () => {
  const js = write(
    'js/mkma.config.js',
    "import { defineMachine } from 'mkma';\nexport default defineMachine({ hostname: 'js' });\n",
  );
  assert.equal((await resolved(js)).machine.hostname, 'js');
  const json = write(
    'json/mkma.config.json',
    '{\n  "$schema": "x",\n  "extends": ["server"],\n  "hostname": "json"\n}\n',
  );
  assert.equal((await resolved(json)).machine.hostname, 'json');
  const wrong = write('json-wrong/mkma.config.json', '{\n  "hostname": "box",\n  "zram": 500\n}\n');
  assert.equal(
    await refused(wrong),
    'zram is 500: it must be at most 200 | json-wrong/mkma.config.json:3 | ',
  );
  assert.match(
    await refused(write('json-cut/mkma.config.json', '{ "hostname": ')),
    /^the definition is not valid JSON \| json-cut\/mkma.config.json \| /,
  );
});

test('a file that cannot be loaded, or defines nothing, is told with its place', async () => {
  const thrown = write(
    'throws/mkma.config.ts',
    `import { defineMachine } from 'mkma';\n\nconst x: string = JSON.parse('{');\nexport default defineMachine({ hostname: x });\n`,
  );
  assert.match(
    await refused(thrown),
    /^cannot load the definition \| throws\/mkma.config.ts:3 \| SyntaxError: /,
  );
  const syntax = write(
    'syntax/mkma.config.ts',
    `import { defineMachine } from 'mkma';\nexport default defineMachine({ hostname: });\n`,
  );
  assert.match(
    await refused(syntax),
    /^cannot load the definition \| syntax\/mkma.config.ts:2 \| ParseError: /,
  );
  assert.equal(
    await refused(write('none/mkma.config.ts', 'export const x = 1;\n')),
    'the file does not define a machine | none/mkma.config.ts | it has no default export',
  );
  assert.match(
    await refused(write('plain/mkma.config.ts', "export default { hostname: 'x' };\n")),
    /its default export is not what defineMachine returns/,
  );
  assert.match(await refused(join(folder, 'nowhere.ts')), /^no such definition \| nowhere.ts/);
  const loop = write('loop/mkma.config.ts', typescript("{ extends: ['./mkma.config.ts'] }"));
  assert.match(await refused(loop), /^the definition extends itself \| loop\/mkma.config.ts:2 /);
});

test('a definition and a preset named together are refused', async () => {
  const both = await resolveMachine({ config: 'x', preset: 'console' });
  assert.ok(!both.ok && both.problem.where === '--preset, --config');
});

test('the digest follows the content of every file that was loaded, and not where they lie', async () => {
  const text =
    "import { defineMachine } from 'mkma';\nimport { name } from './part.ts';\nexport default defineMachine({ hostname: name });\n";
  const digest = async (place: string, name: string) => {
    write(`${place}/part.ts`, `export const name = '${name}';\n`);
    const { machine, source } = await resolved(write(`${place}/mkma.config.ts`, text));
    assert.equal(machine.hostname, name);
    return digestOfSource(source);
  };
  const one = await digest('digest/own', 'one');
  assert.equal(await digest('digest/moved', 'one'), one);
  assert.notEqual(await digest('digest/other', 'two'), one);
});

test('a mount that is taken out leaves fstab to the definition', async () => {
  const config = write(
    'no-mount/mkma.config.json',
    JSON.stringify({ mounts: { '/srv/x': false }, files: { '/etc/fstab': 'LABEL=x /srv/x ext4\n' } }),
  );
  const { machine } = await resolved(config);
  assert.deepEqual(machine.mounts, { '/srv/x': false });
});
