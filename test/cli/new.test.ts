import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { main, mkma, mkmaHere } from './cli.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-new-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function own(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

test('mkma new writes a definition and what an editor needs; one that is there stays', async () => {
  const cwd = own('a');
  const made = await mkma(['new', 'web', '--preset', 'server', '--json'], { cwd });
  assert.equal(made.code, 0, made.stderr);
  const { written } = JSON.parse(made.stdout) as { written: string[] };
  assert.deepEqual(
    written.map((path) => path.slice(join(cwd, 'web/').length)),
    ['mkma.config.ts', '.mkma-types/mkma.d.ts', 'tsconfig.json'],
  );
  const config = join(cwd, 'web/mkma.config.ts');
  assert.match(readFileSync(config, 'utf8'), /extends: \['server'\]/);
  writeFileSync(config, '// mine\n');
  const again = await mkmaHere(['new', 'web'], { cwd });
  assert.equal(again.code, 2);
  assert.equal(
    again.stderr,
    `error: a definition already exists: ${config} [definition-exists]\n  next: name another folder, or replace it with --force\n`,
  );
  assert.equal(readFileSync(config, 'utf8'), '// mine\n');
  const forced = await mkmaHere(['new', 'web', '--force'], { cwd });
  assert.equal(forced.code, 0, forced.stderr);
  // Nobody is there to be asked.
  assert.match(readFileSync(config, 'utf8'), /extends: \['console'\]/);
});

test('the definition that is written builds the format that a build without one has', async () => {
  const format = async (cwd: string): Promise<unknown> => {
    const summary = await mkmaHere(['summary', '--all', '--json'], { cwd });
    const { fields } = JSON.parse(summary.stdout) as { fields: { name: string; value: unknown }[] };
    return fields.find(({ name }) => name === 'format')?.value;
  };
  const cwd = own('format');
  const without = await format(cwd);
  for (const preset of ['console', 'server']) {
    const made = await mkmaHere(['new', preset, '--preset', preset], { cwd });
    assert.equal(made.code, 0, made.stderr);
    assert.equal(await format(join(cwd, preset)), without, preset);
  }
});

test('what is written belongs to the user behind sudo', async () => {
  const cwd = own('b');
  const made = await mkma(['new', 'box'], { cwd, env: { SUDO_UID: '1234', SUDO_GID: '1235' } });
  assert.equal(made.code, 0, made.stderr);
  for (const path of [
    'box',
    'box/mkma.config.ts',
    'box/.mkma-types',
    'box/.mkma-types/mkma.d.ts',
    'box/tsconfig.json',
  ]) {
    const { uid, gid } = statSync(join(cwd, path));
    assert.deepEqual([uid, gid], [1234, 1235], path);
  }
});

test('a new server lets in the key of who made it, a new console machine needs none', async () => {
  const cwd = own('key');
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  const env = { HOME: home };
  const users = async (name: string, preset: string) => {
    const made = await mkma(['new', name, '--preset', preset], { cwd, env });
    assert.equal(made.code, 0, made.stderr);
    const summary = await mkmaHere(['summary', '--json'], { cwd: join(cwd, name) });
    assert.equal(summary.code, 0, summary.stderr);
    const { fields } = JSON.parse(summary.stdout) as { fields: { name: string; value: unknown }[] };
    const keys = fields.filter((field) => field.name.includes('authorizedKeys')).map(({ value }) => value);
    return { told: made.stdout, keys };
  };
  const without = await users('none', 'server');
  assert.ok(!without.told.includes('Your key'));
  assert.deepEqual(without.keys, []);
  // An ed25519 key comes first; what is no key is passed over.
  writeFileSync(join(home, '.ssh/id_rsa.pub'), "ssh-rsa AAAAB3 o'neil\\home \n");
  writeFileSync(join(home, '.ssh/id_ed25519.pub'), 'nonsense\n');
  const odd = await users('odd', 'server');
  assert.deepEqual(odd.keys, ["ssh-rsa AAAAB3 o'neil\\home"]);
  writeFileSync(join(home, '.ssh/id_ed25519.pub'), 'ssh-ed25519 AAAAC3 me@home\nmore\n');
  const own25519 = await users('best', 'server');
  assert.deepEqual(own25519.keys, ['ssh-ed25519 AAAAC3 me@home']);
  assert.ok(
    own25519.told.includes(
      `\nYour key logs in as admin over ssh, who becomes root without a password: ${home}/.ssh/id_ed25519.pub\n`,
    ),
  );
  const plain = await users('plain', 'console');
  assert.ok(!plain.told.includes('Your key'));
  assert.deepEqual(plain.keys, []);
});

test('a preset that is not there is refused', async () => {
  const made = await mkmaHere(['new', '--preset', 'servr'], { cwd: own('c') });
  assert.equal(made.code, 2);
  assert.equal(
    made.stderr,
    'error: no such preset: servr: --preset servr [no-such-preset]\n  next: did you mean server? the presets are: console, server, desktop\n',
  );
});

test('mkma summary tells what a definition comes to, who said it, and no secret', async () => {
  const cwd = own('d');
  writeFileSync(join(cwd, 'hash'), '$6$salt$filesecret\n');
  writeFileSync(
    join(cwd, 'mkma.config.ts'),
    `import { defineMachine } from 'mkma';
export default defineMachine({
  hostname: 'box',
  users: {
    anna: { password: { hash: '$6$salt$secret' } },
    ben: { password: { hashFile: './hash' } },
  },
  hooks: [{ at: 'system', run: () => undefined }],
  files: { '/etc/a': 'a secret', '/etc/b': { content: 'my secret', mode: '0600' } },
  repositories: { own: { uri: 'https://me:secret@x.example/debian', suites: ['./'], key: 'a\\nb' } },
});
`,
  );
  const told = await mkmaHere(['summary', '--suite', 'sid'], { cwd });
  assert.equal(told.code, 0, told.stderr);
  const lines = told.stdout.split('\n').map((line) => line.replace(/ +#/, ' #'));
  for (const line of [
    'hostname = "box" # mkma.config.ts:3',
    'suite = "sid" # --suite sid',
    'packages[0] = "systemd-sysv" # preset console',
    'users.root.autologin[0] = "tty1" # preset console',
    'users.anna.password.hash = "(hidden)" # mkma.config.ts:5',
    'hooks[0].run = "(function)" # mkma.config.ts:8',
    'files["/etc/a"] = "(8 characters)" # mkma.config.ts:9',
    'repositories.own.uri = "https://(hidden)@x.example/debian" # mkma.config.ts:10',
    'format = "cpio" # default',
  ]) {
    assert.ok(lines.includes(line), `${line}\n${told.stdout}`);
  }
  assert.ok(!told.stdout.includes('timezone'));
  const all = await mkmaHere(['summary', '--all', '--json'], { cwd });
  const { fields } = JSON.parse(all.stdout) as { fields: { name: string; value: unknown; from: string }[] };
  assert.deepEqual(
    fields.find(({ name }) => name === 'timezone'),
    { name: 'timezone', value: 'Etc/UTC', from: 'default' },
  );
  assert.deepEqual(fields.find(({ name }) => name === 'users.anna.system')?.from, 'default');
  assert.ok(!`${told.stdout}${all.stdout}`.includes('secret'));
});

test('mkma completion is bash that completes', async () => {
  const { stdout } = await mkmaHere(['completion']);
  const script = `${stdout}\nCOMP_WORDS=(mkma build --format er); COMP_CWORD=3; _mkma; echo "\${COMPREPLY[@]}"`;
  const { execute } = await import('./cli.js');
  const done = await execute('bash', ['-c', script]);
  assert.equal(done.stdout, 'erofs\n', done.stderr);
});

/** `mkma new` on a terminal, where `keys` are typed at its question. */
async function asked(cwd: string, keys: string): Promise<{ code: number | null; screen: string }> {
  const command = `'${process.execPath}' '${main}' new`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'dumb', SHELL: '/bin/sh' },
    timeout: 60_000,
  });
  let screen = '';
  let rest = keys;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (!text.includes('[console] ') || rest === '') return;
    // One answer a question.
    const [answer = ''] = /^[^\r]*\r|^.*/.exec(rest) ?? [];
    rest = rest.slice(answer.length);
    child.stdin.write(answer);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, screen: screen.replaceAll('\r', '') };
}

test('on a terminal it asks for the preset: by number or name, again where the answer is neither', async () => {
  for (const [name, keys, preset] of [
    ['number', '2\r', 'server'],
    ['name', 'neither\rserver\r', 'server'],
    ['nothing', '\r', 'console'],
  ] as const) {
    const cwd = own(name);
    const { code, screen } = await asked(cwd, keys);
    assert.equal(code, 0, screen);
    assert.match(
      screen,
      /Which preset should it start from\? \(1 console, 2 server, 3 desktop\) \[console\] /,
    );
    assert.ok(readFileSync(join(cwd, 'mkma.config.ts'), 'utf8').includes(`extends: ['${preset}']`), screen);
  }
  const cwd = own('interrupted');
  const { code, screen } = await asked(cwd, '\x03');
  assert.equal(code, 130, screen);
  assert.deepEqual(readdirSync(cwd), []);
});
