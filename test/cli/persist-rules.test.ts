/** Rules drop what nobody wants back; each is named, and can be overruled. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);
/** A file of the machine's own system, where its program looks for rules. */
const own = join(machine.root, 'etc/mkma/persist.rules');

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), 'x'.repeat(1000));
  }
}

beforeEach(() => {
  machine.newBase((root) => mkdirSync(join(root, 'etc')));
  machine.boot();
  mkdirSync(dirname(own), { recursive: true });
  writeFileSync(own, '');
  write('home/anna/.cache/app/1', 'home/anna/.cache/app/2', 'home/anna/notes', 'var/log/syslog', 'srv/large');
});

function persist(...args: string[]): string {
  const { code, stdout, stderr } = machine.mkma(['persist', ...args]);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

test('what rules drop is not saved, and is summed up by rule; the rest is', () => {
  const said = persist('--all', '--level', '1');
  assert.match(
    said,
    /^dropped by \*\*\/\.cache\/ \(\/usr\/lib\/mkma\/persist\.rules:\d+: programs make it again\): 4 changes, 1\.95 KiB: \/home\/anna\/\.cache$/m,
  );
  assert.match(said, /^dropped by \/var\/log\/ \(.*: logs of one boot\): 2 changes, 1000 B: \/var\/log$/m);
  machine.boot();
  const there = ['home/anna/notes', 'srv/large', 'home/anna/.cache', 'var/log'].map((path) =>
    existsSync(at(path)),
  );
  assert.deepEqual(there, [true, true, false, false]);
});

test('the list has what was dropped as comments', () => {
  const editor = join(machine.root, 'usr/bin/show');
  writeFileSync(editor, '#!/bin/sh\ncat "$1" >/tmp/list\n', { mode: 0o755 });
  const { code } = machine.mkma(['persist', '--dry-run'], { EDITOR: '/usr/bin/show' });
  assert.equal(code, 0);
  machine.sh(
    'grep -q "^# dropped by \\*\\*/\\.cache/ (/usr/lib/mkma/persist.rules:[0-9]*: .*: /home/anna/.cache$" "$0"; ! grep -q "^[^#].*cache" "$0"',
    join(machine.root, 'tmp/list'),
  );
});

test("the machine's own rules overrule the shipped ones, the last that matches counts; limits; what is named is kept", () => {
  writeFileSync(
    own,
    '[keep]\n**/.cache/\n/var/log/syslog\n\n[drop]\n# as asked for\n/home/anna/.cache/app/2\n\n[limits]\nlargest-file 999\n',
  );
  assert.match(
    persist('--all', '--dry-run'),
    /^dropped as larger than 999 B \(largest-file, \/etc\/mkma\/persist\.rules:10\): 2 changes, 1\.95 KiB: \/home\/anna\/notes, and 1 more$/m,
  );
  persist('--all', '--level', '1');
  machine.boot();
  const paths = ['home/anna/.cache/app/1', 'home/anna/.cache/app/2', 'var/log/syslog', 'srv/large'];
  assert.deepEqual(
    paths.map((path) => existsSync(at(path))),
    [true, false, true, false],
  );
  write('srv/large', 'home/anna/.cache/app/2');
  persist('--select', '/srv/large', '--level', '1');
  persist('--all', '--ignore-rules', '--level', '1');
  machine.boot();
  assert.deepEqual(
    paths.map((path) => existsSync(at(path))),
    [true, true, true, true],
  );
});

test('--explain names the rule that decides', () => {
  writeFileSync(own, '[keep]\n# wanted\n/home/anna/.cache/app/\n');
  assert.match(
    persist('--explain', '/home/anna/.cache/app/1'),
    /^kept: by \/home\/anna\/\.cache\/app\/ \(\/etc\/mkma\/persist\.rules:3: wanted\)\n$/,
  );
  assert.match(persist('--explain', '/home/anna/.cache/'), /^dropped: by \*\*\/\.cache\/ \(/);
  assert.equal(persist('--explain', '/home/anna/notes'), 'kept: no rule matches\n');
});

test('rules that are not understood: each line is named, and nothing is saved', () => {
  writeFileSync(own, '/before\n[drop]\n!not\n[limits]\nlargest-file many\nsmallest 1\n');
  const { code, stderr } = machine.mkma(['persist', '--all', '--level', '1']);
  assert.equal(code, 1);
  for (const words of [
    /^error: invalid rules: \/etc\/mkma\/persist\.rules \[rules-invalid\]\n/,
    /persist\.rules:1: \/before: a section comes first/,
    /persist\.rules:3: !not: write it in the other section/,
    /persist\.rules:5: largest-file many: it is an amount/,
    /persist\.rules:6: smallest 1: no such setting/,
  ])
    assert.match(stderr, words);
  assert.deepEqual(machine.files(), ['base.cpio.zst']);
});
