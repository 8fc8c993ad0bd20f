/** Nothing outside mkma's folders is read into an image or removed: mounts of hooks, of people, and of builds that were killed. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, execute, main, mkma, mkmaHere, temporary } from './cli.js';
import { smallFields } from './small.js';

/** In a mount namespace of its own, after what a shell does there with the folder as $1. */
function afterMounts(folder: string, mounts: string, args: readonly string[]) {
  const words = ['--mount', '--propagation', 'private', 'sh', '-ec', `${mounts}; shift; exec "$@"`, 'sh'];
  return execute('unshare', [...words, folder, process.execPath, main, ...args]);
}

describe('what somebody has mounted', () => {
  const folder = temporary();
  const host = join(folder.path, 'host');
  const out = join(folder.path, 'out');
  after(() => folder[Symbol.dispose]());
  beforeEach(() => {
    rmSync(out, { recursive: true, force: true });
    for (const path of [host, join(out, 'chroot/srv'), join(out, 'initramfs/etc')])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(host, 'precious'), 'kept');
  });

  const build = ['build', 'm', '--output', out, '--json'];
  // No process has this number: it is beyond what the kernel gives.
  const stale = join(out, '.mkma/scratch-4194305-x/chroot/srv');
  const cases: readonly [string, string, readonly string[]][] = [
    ['a folder in chroot/', 'mount --bind "$1/host" "$1/out/chroot/srv"', build],
    [
      'a folder in chroot/, edits to be dropped',
      'mount --bind "$1/host" "$1/out/chroot/srv"',
      [...build, '--discard-edits'],
    ],
    [
      'a file in chroot/',
      'touch "$1/out/chroot/f"; mount --bind "$1/host/precious" "$1/out/chroot/f"',
      build,
    ],
    [
      'a folder in chroot/, for a shell',
      'mount --bind "$1/host" "$1/out/chroot/srv"',
      ['shell', '--output', out, 'true'],
    ],
    ['chroot/ itself', 'mount --bind "$1/host" "$1/out/chroot"', build],
    ['a tmpfs in initramfs/', 'mount -t tmpfs none "$1/out/initramfs/etc"', build],
    ['a scratch folder of a build that was killed', `mount --bind "$1/host" ${stale}`, build],
  ];
  for (const [name, mounts, args] of cases) {
    test(`is refused by name, and kept: ${name}`, async () => {
      mkdirSync(stale, { recursive: true });
      const refused = await afterMounts(folder.path, mounts, args);
      assert.equal(refused.code, 1, refused.stderr);
      assert.equal(readFileSync(join(host, 'precious'), 'utf8'), 'kept');
      if (args[0] === 'build') assert.equal(codeOf(refused), 'mount-in-tree');
      // What a shell prints is its own: it has no --json.
      const told = args[0] === 'build' ? JSON.parse(refused.stdout).error.next : refused.stderr;
      assert.match(told, new RegExp(`: umount --recursive ${out}/\\S+\\n?$`));
    });
  }
});

test('what a definition mounts is seen by mkma alone; arguments, streams and exit codes pass', async () => {
  using folder = temporary();
  const config = join(folder.path, 'mkma.config.ts');
  writeFileSync(
    config,
    `import { execFileSync } from 'node:child_process';
import { defineMachine } from 'mkma';
const told = [process.env.MKMA_OUTER_MOUNTS, process.env.OF_THE_CALLER, process.argv.at(-1)];
execFileSync('mount', ['-t', 'tmpfs', 'none', import.meta.dirname]);
console.log(JSON.stringify(told));
export default defineMachine({ hostname: 'no name' });
`,
  );
  const mounts = readFileSync('/proc/mounts', 'utf8');
  const refused = await mkma(['build', '--config', config], { env: { OF_THE_CALLER: 'passes' } });
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /hostname/);
  assert.deepEqual(JSON.parse(refused.stdout), [null, 'passes', config]);
  assert.equal(readFileSync('/proc/mounts', 'utf8'), mounts);
  assert.deepEqual(readdirSync(folder.path), ['mkma.config.ts']);
});

describe('what hooks leave mounted', () => {
  const folder = temporary();
  const at = (name: string): string => join(folder.path, name);
  const [host, out, wait, ready] = [at('host'), at('out'), at('wait'), at('ready')];
  after(() => folder[Symbol.dispose]());
  const bind = (to: string) => `mkdir -p ${to}; mount --bind ${host} ${to}`;
  const config = join(folder.path, 'mkma.config.ts');
  const hooks = [
    `{ at: 'packages', on: 'host', run: ${JSON.stringify(bind('$MKMA_ROOT/srv/command'))} }`,
    `{ at: 'packages', run: 'mkdir /srv/image; mount -t tmpfs none /srv/image; echo > /srv/image/lost' }`,
    `{ at: 'packages', run: async ({ root }) => {
      calls++;
      sh(${JSON.stringify(bind('$0/srv/function'))}, root);
      if (existsSync('${wait}')) { writeFileSync('${ready}', ''); await new Promise((r) => setTimeout(r, 600_000)); }
    } }`,
    `{ at: 'system', run: ({ root }) => writeFileSync(root + '/etc/calls', String(calls)) }`,
  ];
  writeFileSync(
    config,
    `import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { defineMachine } from 'mkma';
let calls = 0;
const sh = (...words) => execFileSync('sh', ['-ec', ...words]);
export default defineMachine({ ${smallFields(folder.path, "hostname: 'm'", "format: 'erofs'")}, hooks: [${hooks.join(', ')}] });
`,
  );
  const args = ['build', '--config', config, '--output', out];
  const kept = (): void => {
    assert.equal(readFileSync(join(host, 'precious'), 'utf8'), 'kept');
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(folder.path));
  };

  test('a build killed in between leaves none, its programs end', async () => {
    mkdirSync(host);
    writeFileSync(join(host, 'precious'), 'kept');
    writeFileSync(wait, '');
    const killing = mkma(args, {
      onStderr: async (_, child) => {
        while (!existsSync(ready) && child.exitCode === null) await sleep(100);
        child.kill('SIGKILL');
      },
    });
    const killed = await killing;
    assert.equal(killed.code, null, killed.stderr);
    kept();
    assert.match(readdirSync(join(out, '.mkma')).join(' '), /scratch-/);
  });

  test('the next build clears up, releases and names them; the image has none of it', async () => {
    rmSync(wait);
    // The output folder is a mount of its own.
    const built = await afterMounts(folder.path, 'mount --bind "$1/out" "$1/out"', [...args, '--json']);
    assert.equal(built.code, 0, built.stderr);
    kept();
    const events = built.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const warned = events.filter(({ problem }) => problem?.code === 'hook-left-mount');
    assert.deepEqual(
      warned.map(({ problem }) => problem.where),
      ['hooks[0]', 'hooks[1]', 'hooks[2]'],
    );
    assert.deepEqual(
      warned.map(({ problem }) => /\/srv\/(\w+) is /.exec(problem.why)?.[1]),
      ['command', 'image', 'function'],
    );
    const { stdout } = await mkmaHere(['inspect', '--files', join(out, 'base.erofs')]);
    assert.deepEqual([...stdout.matchAll(/ (srv\/\S+)\n/g)].map(([, path]) => path).sort(), [
      'srv/command',
      'srv/function',
      'srv/image',
    ]);
    assert.equal(readFileSync(join(out, 'chroot/etc/calls'), 'utf8'), '1');
    assert.deepEqual(readdirSync(join(out, '.mkma')).sort(), [
      'definition.json',
      'lock',
      'logs',
      'state.json',
      'tree.json',
    ]);
  });
});
