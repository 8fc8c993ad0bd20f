/** What reads and writes trees refuses to go into a mount; what hooks leave mounted is released. With real mounts. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Problem } from '../../src/core/result.js';
import { apart } from './apart.js';
import { mkmaHere, temporary } from './cli.js';

const CONTEXT = `const { signal } = new AbortController();
const events = [];
const context = { signal, emit: (event) => events.push(event) };`;

test('readers, writers and scratch folders refuse a tree with a mount in it, and leave alone what is mounted', () => {
  const told = apart(
    `mkdir -p host out/.mkma/scratch-4194305-x/a tree/etc; echo 1 > host/precious
    mount --bind host tree/etc; mount --bind host out/.mkma/scratch-4194305-x/a; mkdir tree/free`,
    `${CONTEXT}
    const { fingerprint } = await $('host/stages/fingerprint.js');
    const { scanTree } = await $('host/pack/scan.js');
    const { scanAttributes } = await $('host/pack/attributes.js');
    const { TreeFiles } = await $('host/sys/tree-files.js');
    const { openOutput } = await $('host/sys/output.js');
    const root = process.cwd() + '/tree';
    const codes = {};
    for (const read of [fingerprint, scanTree, scanAttributes]) codes[read.name] = (await read(root)).problem?.code;
    const files = new TreeFiles(root);
    for (const [name, act] of Object.entries({
      write: () => files.write('/etc/precious', 'x'),
      remove: () => files.remove('/etc/precious'),
      over: () => files.write('/etc', 'x'),
      link: () => files.link('x', '/etc/new'),
      edit: () => files.edit('/etc/precious', () => 'x'),
      folder: () => files.makeFolder('/etc/made/in'),
    })) {
      try {
        act();
      } catch (cause) {
        codes[name] = cause.problem?.code;
      }
    }
    files.write('/free/a/b', 'x');
    codes.output = (await openOutput(process.cwd() + '/out', undefined, new AbortController().signal)).problem?.code;
    sh('umount out/.mkma/scratch-4194305-x/a');
    const output = await openOutput(process.cwd() + '/out', undefined, new AbortController().signal);
    sh('mkdir ' + output.value.path + '/.mkma/' + output.value.scratch.path.split('/').pop() + '/b');
    sh('mount --bind host ' + output.value.scratch.path + '/b');
    output.value.close((problem) => { codes.closed = problem.code; });
    say({ codes, host: sh('cd host; find; cat precious') });`,
  ) as { readonly codes: Record<string, string>; readonly host: string };
  const refusing = ['fingerprint', 'scanTree', 'scanAttributes', 'write', 'remove', 'over', 'link', 'edit'];
  assert.deepEqual(
    told.codes,
    Object.fromEntries([...refusing, 'folder', 'output', 'closed'].map((name) => [name, 'mount-in-tree'])),
  );
  assert.equal(told.host, '.\n./precious\n1\n');
});

test('a tree that is a link is refused: it would be entered there, and read here', async () => {
  const told = apart(
    'mkdir tree; ln -s tree link',
    `const codes = [];
    for (const [file, name] of [['stages/fingerprint', 'fingerprint'], ['pack/scan', 'scanTree'], ['pack/attributes', 'scanAttributes']]) {
      const read = (await $('host/' + file + '.js'))[name];
      codes.push((await read(process.cwd() + '/link')).problem?.code);
    }
    say(codes);`,
  );
  assert.deepEqual(told, ['tree-is-link', 'tree-is-link', 'tree-is-link']);
  using folder = temporary();
  mkdirSync(join(folder.path, 'elsewhere'));
  mkdirSync(join(folder.path, 'out'));
  symlinkSync('../elsewhere', join(folder.path, 'out/chroot'));
  const { code, stderr } = await mkmaHere(['shell', '--output', join(folder.path, 'out'), 'true']);
  assert.equal(code, 1);
  assert.match(stderr, /chroot is a symbolic link: .*\/out\/chroot/);
});

test('what hooks on the host leave mounted is released and said, what was mounted by others stays', () => {
  const told = apart(
    'mkdir -p host out/data out/tree/a out/tree/b; echo 1 > host/precious; mount --bind host out/data',
    `${CONTEXT}
    const { runHooks } = await $('host/customise/hooks.js');
    const output = process.cwd() + '/out';
    const hooks = [
      { at: 'system', on: 'host', run: 'mount --bind ' + process.cwd() + '/host $MKMA_ROOT/a; exit 0' },
      { at: 'system', on: 'host', run: () => sh('mount --bind host out/tree/a; mount -t tmpfs none out/tree/a; mount --bind host out/tree/b') },
      { at: 'system', on: 'host', run: () => sh('n=$(printf "out/tree/\\\\377 x"); mkdir "$n"; mount -t tmpfs none "$n"; (cd "$n"; sleep 5 >/dev/null 2>&1 & )') },
      { at: 'system', on: 'host', run: () => { sh('mount --bind host out/tree/a'); throw new Error('on purpose'); } },
    ];
    const done = [];
    for (const hook of hooks) {
      const one = await runHooks('system', { hooks: [hook] }, { root: output + '/tree', output }, context);
      done.push(one.problem?.what ?? 'ok');
    }
    const warned = events.filter(({ type }) => type === 'warning').map(({ problem }) => [problem.code, problem.why.split('\\n').length]);
    const left = sh('findmnt -R -n -l -o TARGET .').trim().split('\\n').slice(1).map((path) => path.slice(process.cwd().length));
    sh('mount --bind host out/tree/b');
    const refused = await runHooks('system', { hooks: [] }, { root: output + '/tree', output }, context);
    say({ done, warned, left, host: sh('cd host; find'), refused: refused.problem?.code });`,
  ) as Record<string, unknown> & { readonly refused?: Problem };
  assert.deepEqual(told, {
    done: ['ok', 'ok', 'ok', 'a hook failed'],
    warned: [
      ['hook-left-mount', 1],
      ['hook-left-mount', 3],
      ['hook-left-mount', 1],
      ['hook-left-mount', 1],
    ],
    left: ['/out/data'],
    host: '.\n./precious\n',
    refused: 'mount-in-tree',
  });
});
