/** Layers on bases that were built anew: what is odd costs the layers that cannot be composed, never the boot. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { sharedImages } from './images.js';
import { emptyBase } from './packages/base.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');

const GEN = 'var/lib/dpkg/alternatives/gen';
const alternative = (...choices: readonly (readonly [path: string, priority: number])[]): string =>
  `auto\n/usr/bin/gen\n\n${choices.map(([path, priority]) => `${path}\n${priority}\n`).join('')}\n`;

/** An alternative with these choices, as update-alternatives(1) leaves it in a tree. */
function provide(root: string, ...choices: readonly (readonly [path: string, priority: number])[]): void {
  writeFileSync(join(root, GEN), alternative(...choices));
  for (const [path] of choices) writeFileSync(join(root, path), path);
  for (const [link, target] of [
    ['usr/bin/gen', '/etc/alternatives/gen'],
    ['etc/alternatives/gen', choices[0]?.[0] ?? ''],
  ] as const) {
    rmSync(join(root, link), { force: true });
    symlinkSync(target, join(root, link));
  }
}

function addAnna(): void {
  appendFileSync(at('etc/passwd'), 'anna:x:1000:1000::/home/anna:/bin/sh\n');
  appendFileSync(at('etc/group'), 'anna:x:1000:\n');
  writeFileSync(at('home/file'), 'hers');
  machine.sh('chown 1000:1000 "$0"', at('home/file'));
}

function save(): void {
  machine.sh('sleep 0.3', '');
  const { code, stdout, stderr } = machine.mkma(['persist', '--all', '--ignore-rules', '--level', '1']);
  assert.equal(code, 0, stdout + stderr);
}

/** The base anew, and booted; codes of what was left out. */
function rebuilt(fill: (root: string) => void = () => undefined): (string | undefined)[] {
  machine.rebuild((root) => {
    emptyBase(sharedImages(), root);
    fill(root);
  });
  return machine.boot().map(({ problem }) => problem?.code);
}

const withBob = (root: string): void => {
  appendFileSync(join(root, 'etc/passwd'), 'bob:x:1000:1000::/:/bin/sh\n');
  appendFileSync(join(root, 'etc/group'), 'bob:x:1000:\n');
};

beforeEach(() => {
  machine.newBase((root) => {
    emptyBase(sharedImages(), root);
    provide(root, ['/usr/bin/one', 10]);
  });
  machine.boot();
});

test('the layer has removed the last choice, and the new base has another: it is whole, and chosen', () => {
  for (const path of [GEN, 'usr/bin/one', 'usr/bin/gen', 'etc/alternatives/gen']) rmSync(at(path));
  addAnna();
  save();
  assert.deepEqual(
    rebuilt((root) => {
      withBob(root);
      provide(root, ['/usr/bin/two', 20]);
    }),
    [],
  );
  assert.equal(read(GEN), alternative(['/usr/bin/two', 20]));
  assert.equal(readlinkSync(at('etc/alternatives/gen')), '/usr/bin/two');
  assert.equal(readlinkSync(at('usr/bin/gen')), '/etc/alternatives/gen');
  assert.equal(lstatSync(at(GEN)).mode & 0o777, 0o644);
  assert.equal(lstatSync(at('home/file')).uid, 1001);
});

test('links in folders that are not there, and in place of what is no link, are not made', () => {
  const slave = (path: string): string =>
    `auto\n/usr/bin/gen\ngen.1\n/usr/share/man/man1/gen.1\n\n${path}\n30\n/usr/share/man/man1/x.1\n\n`;
  writeFileSync(at('usr/bin/three'), 'x');
  writeFileSync(at(GEN), slave('/usr/bin/three'));
  addAnna();
  save();
  assert.deepEqual(
    rebuilt((root) => {
      withBob(root);
      writeFileSync(join(root, 'usr/bin/gen'), 'a wrapper');
    }),
    [],
  );
  assert.equal(read('usr/bin/gen'), 'a wrapper');
  assert.equal(readlinkSync(at('etc/alternatives/gen')), '/usr/bin/three');
  assert.ok(!existsSync(at('usr/share/man')));
});

test('a link that leads out of the tree: that file is a file, and the boot goes on', () => {
  writeFileSync(at(GEN), alternative(['/usr/bin/one', 10]).replace('/usr/bin/gen', '/../../../etc/evil'));
  addAnna();
  save();
  assert.deepEqual(rebuilt(withBob), []);
  assert.equal(lstatSync(at('home/file')).uid, 1001);
});

test('a base whose accounts have another form: the layer with accounts is left out, the rest boots', () => {
  addAnna();
  save();
  assert.deepEqual(
    rebuilt((root) => writeFileSync(join(root, 'etc/passwd'), '# by hand\nroot:x:0:0::/root:/bin/sh\n')),
    ['layer-other-accounts'],
  );
  assert.match(read('etc/passwd'), /^# by hand/);
  assert.ok(!existsSync(at('home/file')));
});

test('a base of several architectures: mount(8) is run by the loader of its own', () => {
  addAnna();
  save();
  assert.deepEqual(
    rebuilt((root) => {
      withBob(root);
      // Before and after that of amd64 in the order of names.
      for (const path of [
        'aarch64-linux-gnu/ld-linux-aarch64.so.1',
        'i386-linux-gnu/ld-linux.so.2',
        'y-linux-gnu/ld.so.1',
      ]) {
        mkdirSync(join(root, 'usr/lib', dirname(path)), { recursive: true });
        writeFileSync(join(root, 'usr/lib', path), 'of another architecture', { mode: 0o755 });
      }
    }),
    [],
  );
  assert.equal(lstatSync(at('home/file')).uid, 1001);
});

test('without mount(8) in the base: only the layer that needs it is left out', () => {
  addAnna();
  save();
  assert.deepEqual(
    rebuilt((root) => {
      withBob(root);
      rmSync(join(root, 'usr/bin/mount'));
    }),
    ['layer-other-owners'],
  );
});

test('changes of files with several owners that are no records are changes', () => {
  const listed = (): string => machine.mkma(['persist', '--all', '--dry-run']).stdout;
  machine.sh('setfattr -n user.a -v b "$0"', at('etc/shadow'));
  assert.match(listed(), /^changed .* \/etc\/shadow \(secret\)$/m);
  writeFileSync(at('etc/shells'), '');
  assert.match(listed(), /^new .* \/etc\/shells$/m);
  chmodSync(at('etc/group'), 0o600);
  assert.match(listed(), /^changed .* \/etc\/group$/m);
});
