/** The command as it is installed (src/host/mkma.sh): which program it starts, here and on a machine that mkma built. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../dist/host/', import.meta.url));

/** Run the command, by a link to it, with a program of the machine or without; returns who was started, with which arguments. */
function started(onMachine: boolean, ...args: string[]): string {
  const scratch = mkdtempSync(join(tmpdir(), 'mkma-command-'));
  try {
    const own = join(scratch, 'own');
    const script = (path: string, text: string): void => writeFileSync(path, text, { mode: 0o755 });
    if (onMachine) script(own, '#!/bin/sh\necho machine "$@"\n');
    mkdirSync(join(scratch, 'a folder'));
    const text = readFileSync(join(folder, 'mkma'), 'utf8').replace('=/usr/lib/mkma/mkma', `=${own}`);
    assert.ok(text.includes(own), 'the place of the machine program is not where it was');
    script(join(scratch, 'a folder/mkma'), text);
    writeFileSync(
      join(scratch, 'a folder/start.cjs'),
      'process.stdout.write(["host", ...process.argv.slice(2)].join(" "));\n',
    );
    symlinkSync('a folder/mkma', join(scratch, 'link'));
    return execFileSync(join(scratch, 'link'), args, { encoding: 'utf8' }).trim();
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

test("the host's program is started with the arguments as they are, by a link and in a folder with a space", () => {
  for (const args of [[], ['--help'], ['build', '-o', 'a  b'], ['status'], ['layers', 'list']]) {
    assert.equal(started(false, ...args), `host ${args.join(' ')}`.trim());
  }
});

test("on a machine that mkma built, the running system's verbs are that machine's", () => {
  for (const args of [
    ...[
      ['status', '--json'],
      ['persist', '--select', '-o*'],
      ['revert', '/etc/motd'],
    ],
    ...[['layers'], ['layers', 'list'], ['generations'], ['generations', 'list']],
  ]) {
    assert.equal(started(true, ...args), `machine ${args.join(' ')}`);
  }
  for (const args of [[], ['--help'], ['build'], ['summary'], ['inspect', 'status']]) {
    assert.equal(started(true, ...args), `host ${args.join(' ')}`.trim());
  }
});

test('layers and generations in a folder of images are not those of the running system', () => {
  for (const output of [['-o', 'images'], ['-oimages'], ['--output', 'images'], ['--output=images']]) {
    for (const verb of ['layers', 'generations']) {
      const args = [verb, 'list', ...output];
      assert.equal(started(true, ...args), `host ${args.join(' ')}`);
    }
  }
  // Of the images that the host built.
  assert.equal(started(true, 'generations', 'add'), 'host generations add');
});

test('an older Node.js is refused with what to do; the oldest that will do is the one in package.json', () => {
  const under = (version: string) => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '${version}' });
      process.argv.push('--version'); require(${JSON.stringify(join(folder, 'start.cjs'))});`;
    return spawnSync(process.execPath, ['-e', script, 'mkma'], { encoding: 'utf8' });
  };
  for (const version of ['18.20.8', '20.18.3']) {
    const { status, stdout, stderr } = under(version);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(
      stderr,
      new RegExp(`^error: mkma needs Node.js 20.19 or newer\n  why: .* is ${version}\n  next: `),
    );
  }
  for (const version of ['20.19.0', '22.0.0']) {
    const { status, stderr } = under(version);
    assert.deepEqual([status, stderr], [0, '']);
  }
});
