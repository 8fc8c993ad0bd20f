/** Hosts and folders that a build cannot be made on: said before anything is fetched, with what to do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { codeOf, execute, main, temporary } from './cli.js';

/** A mirror that lets nobody in: a build that gets as far as fetching fails with another problem, and does not ask again. */
const server = createServer((_, response) => response.writeHead(403).end());
server.listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());
const NO_MIRROR = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`;

/** Run a build whose output and cache are $OUT and $CACHE, by shell commands that end with "$@"; in a mount namespace of its own. */
async function built(commands: string) {
  using folder = temporary();
  const script = `set -e\ncd "$1"; shift\nmkdir out cache\n${commands}`;
  const build = [
    main,
    'build',
    'x',
    '--json',
    '--output',
    'out/o',
    '--cache',
    'cache/c',
    '--mirror',
    NO_MIRROR,
  ];
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder.path];
  return await execute('unshare', [...args, process.execPath, ...build]);
}

const CASES: readonly [what: string, commands: string, code: string, next: RegExp][] = [
  [
    'a container that may make no device nodes',
    'exec setpriv --bounding-set -mknod --inh-caps -mknod -- "$@"',
    'capabilities-missing',
    /--cap-add=MKNOD$/,
  ],
  ['few open files', 'ulimit -n 64; exec "$@"', 'too-few-open-files', /ulimit -n \d+$/],
  ['too few for a build', 'ulimit -n 256; exec "$@"', 'too-few-open-files', /ulimit -n \d+$/],
  [
    'an output folder where nothing can be started',
    'mount -t tmpfs -o noexec,size=4G t out; exec "$@"',
    'folder-without-programs',
    /--output/,
  ],
  [
    'a name space of users that has one alone',
    'exec unshare --user --map-root-user -- "$@"',
    'user-namespace',
    /outside of the container/,
  ],
  [
    'an output folder that is read-only',
    'mount -t tmpfs -o ro t out; exec "$@"',
    'output-folder-unusable',
    /--output/,
  ],
  [
    'an output folder with few inodes',
    'mount -t tmpfs -o size=4G,nr_inodes=2000 t out; exec "$@"',
    'too-few-inodes',
    /--output/,
  ],
  [
    'an output folder with little room',
    'mount -t tmpfs -o size=500M t out; exec "$@"',
    'too-little-space',
    /--output/,
  ],
  [
    'a cache folder where nothing can be started',
    'mount -t tmpfs -o noexec,size=4G t cache; exec "$@"',
    'folder-without-programs',
    /--cache/,
  ],
  [
    'a cache folder that is read-only',
    'mount -t tmpfs -o ro t cache; exec "$@"',
    'cache-folder-unusable',
    /--cache/,
  ],
];

describe('what a host lacks is said before anything is fetched', () => {
  for (const [what, commands, code, next] of CASES) {
    test(what, async () => {
      const ended = await built(commands);
      assert.equal(ended.code, 1, ended.stderr);
      assert.equal(codeOf(ended), code, ended.stdout);
      assert.match(JSON.parse(ended.stdout).error.next, next);
    });
  }

  test('nothing of what was tried is left over, and a host that lacks nothing is asked for no more', async () => {
    const ended = await built('"$@" || :; find out cache -name ".probe*" -o -name node; true');
    assert.match(ended.stdout, /127\.0\.0\.1/);
    assert.doesNotMatch(ended.stdout, /probe/);
  });
});
