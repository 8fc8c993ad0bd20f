/** Files that are made from others: saved with what they are made from, made again where layers are on other images. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { DERIVED_MARK } from '../../src/core/derived/mark.js';
import { sharedImages } from './images.js';
import { startMachine } from './persist/started.js';

const machine = startMachine(import.meta.url);
const at = (path: string): string => join(machine.merged, path);

const SCHEMAS = 'usr/share/glib-2.0/schemas';
const COMPILED = `${SCHEMAS}/gschemas.compiled`;
/** Stands for GLib's, which the console machine lacks: what is compiled shows what it was compiled from. */
const COMPILER = `#!/bin/sh
cd "$1" && cat ./*.gschema.xml >gschemas.compiled`;

function put(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text, { mode });
}

const inTree = (root: string, ...argv: string[]): string =>
  execFileSync('/usr/sbin/chroot', [root, ...argv], { encoding: 'utf8' });
const compile = (root: string): string =>
  inTree(root, '/usr/lib/x86_64-linux-gnu/glib-2.0/glib-compile-schemas', `/${SCHEMAS}`);

/** The console machine without what is large, with these schemas. */
function base(root: string, ...schemas: string[]): void {
  const chroot = join(sharedImages(), 'chroot');
  const large = ['usr/lib/modules', 'usr/lib/firmware', 'usr/share/locale', 'usr/share/doc', 'boot'];
  const excluded = large.map((path) => `--exclude=./${path}/*`);
  execFileSync('sh', ['-c', 'tar -C "$0" -c "$@" . | tar -C "$ROOT" -x', chroot, ...excluded], {
    env: { ...process.env, ROOT: root },
  });
  put(root, 'usr/lib/x86_64-linux-gnu/glib-2.0/glib-compile-schemas', COMPILER, 0o755);
  for (const name of schemas) put(root, `${SCHEMAS}/${name}.gschema.xml`, `${name} `);
  compile(root);
}

function persist(...args: string[]): string {
  machine.sh('sleep 0.1', '');
  const { code, stdout, stderr } = machine.mkma(['persist', '--level', '1', ...args]);
  assert.equal(code, 0, stdout + stderr);
  return stdout + stderr;
}

/** `mkma make-derived`, as the unit runs it: with /proc. */
function make() {
  machine.sh('mount -t proc proc "$0"', at('proc'));
  try {
    return machine.mkma(['make-derived']);
  } finally {
    machine.sh('umount "$0"', at('proc'));
  }
}

const mark = (): string => join(machine.root, DERIVED_MARK);

/** Boot, with the unit that follows: whether it had a reason to run, and what it printed. */
function boot(): string | undefined {
  assert.deepEqual(machine.boot(), []);
  if (!existsSync(mark())) return undefined;
  const { code, stdout, stderr } = make();
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

const rebuilt = (...schemas: string[]): string | undefined => {
  machine.rebuild((root) => base(root, ...schemas));
  return boot();
};

const compiled = (): string => readFileSync(at(COMPILED), 'utf8').trim();

beforeEach(() => {
  machine.newBase((root) => base(root, 'base'));
  machine.boot();
});

test('saved with all they are made from, on an unchanged chain nothing is made again', () => {
  put(machine.merged, `${SCHEMAS}/a.gschema.xml`, 'a ');
  compile(machine.merged);
  const listed = persist('--all', '--dry-run');
  assert.match(listed, /a\.gschema\.xml/);
  assert.doesNotMatch(listed, /gschemas\.compiled/);
  persist('--all');
  assert.equal(boot(), undefined);
  assert.equal(compiled(), 'a base');
});

test('not all is saved: made again at each boot, until a layer above has them', () => {
  for (const name of ['a', 'b']) put(machine.merged, `${SCHEMAS}/${name}.gschema.xml`, `${name} `);
  compile(machine.merged);
  assert.match(persist('--deselect', 'b.gschema.xml'), /made again at each boot.*: gschemas\.compiled/);
  assert.match(boot() ?? '', /made again, .*: gschemas\.compiled;/);
  assert.equal(compiled(), 'a base');
  // Not a change of anybody's.
  assert.match(persist('--all'), /nothing to save/);
  assert.match(boot() ?? '', /gschemas\.compiled/);
  put(machine.merged, `${SCHEMAS}/c.gschema.xml`, 'c ');
  compile(machine.merged);
  persist('--all');
  assert.match(boot() ?? '', /^layers have nothing/);
  assert.equal(compiled(), 'a base c');
});

test('none of what they are made from is saved: neither are they', () => {
  put(machine.merged, `${SCHEMAS}/a.gschema.xml`, 'a ');
  put(machine.merged, 'srv/other', 'x');
  compile(machine.merged);
  persist('--select', '/srv');
  assert.equal(boot(), undefined);
  assert.equal(compiled(), 'base');
});

test('changed alone, by hand: a change like others', () => {
  put(machine.merged, COMPILED, 'by hand');
  assert.match(persist('--all'), /saved 1 change/);
  assert.equal(boot(), undefined);
  assert.equal(compiled(), 'by hand');
});

test('a rebuilt base: made from both, with the real tools, only what layers have to do with', () => {
  const library = (root: string, name: string, folder = 'usr/local/lib'): void => {
    mkdirSync(join(root, folder), { recursive: true });
    const from = join(sharedImages(), 'chroot/usr/lib/x86_64-linux-gnu', name);
    cpSync(from, join(root, folder, name), { dereference: true });
  };
  put(machine.merged, `${SCHEMAS}/a.gschema.xml`, 'a ');
  compile(machine.merged);
  library(machine.merged, 'libz.so.1');
  inTree(machine.merged, 'ldconfig');
  put(machine.merged, 'usr/lib/udev/hwdb.d/99-mkma.hwdb', 'mkma:layer\n MKMA=layer\n');
  persist('--all', '--ignore-rules');
  machine.rebuild((root) => {
    base(root, 'base', 'newer');
    library(root, 'libacl.so.1');
    put(root, 'etc/ld.so.conf.d/mkma.conf', '/usr/local/lib/mkma\n');
    library(root, 'libblkid.so.1', 'usr/local/lib/mkma');
    inTree(root, 'ldconfig');
  });
  // Otherwise this test shows nothing: the layer's copies hide what the base has.
  assert.deepEqual(machine.boot(), []);
  assert.equal(compiled(), 'a base');
  const { stdout } = make();
  assert.match(
    stdout,
    /^made again, since layers are on other images: ld\.so\.cache, hwdb\.bin, gschemas\.compiled; /,
  );
  assert.equal(compiled(), 'a base newer');
  const cache = inTree(machine.merged, 'ldconfig', '-p');
  for (const name of ['libz.so.1', 'libacl.so.1', 'mkma/libblkid.so.1'])
    assert.ok(cache.includes(`=> /usr/local/lib/${name}\n`), `${name}: ${cache}`);
  assert.match(inTree(machine.merged, 'systemd-hwdb', 'query', 'mkma:layer'), /MKMA=layer/);
  assert.match(persist('--all'), /nothing to save/);
});

test('a layer that only deleted, with its folder, and one below that is disabled', () => {
  put(machine.merged, `${SCHEMAS}/a.gschema.xml`, 'a ');
  compile(machine.merged);
  persist('--all', '--name', 'first');
  rmSync(at(`${SCHEMAS}/base.gschema.xml`));
  compile(machine.merged);
  persist('--all', '--name', 'second');
  assert.equal(boot(), undefined);
  assert.equal(compiled(), 'a');
  const first = machine.files().find((name) => name.includes('first')) ?? '';
  machine.onStorage((storage) => rmSync(join(storage, 'images', first)));
  assert.match(rebuilt('base', 'c') ?? '', /gschemas\.compiled/);
  assert.equal(compiled(), 'c');
  rmSync(at('usr/share/glib-2.0'), { recursive: true });
  persist('--all', '--name', 'third');
  assert.match(rebuilt('base', 'd') ?? '', /made again/);
});

test('layers without any of it: the boot runs no tool', () => {
  put(machine.merged, 'srv/other', 'x');
  put(machine.merged, 'usr/share/glib-2.0/other', 'x');
  persist('--all');
  assert.match(rebuilt('base', 'c') ?? '', /^layers have nothing that caches are made from/);
  assert.equal(compiled(), 'base c');
});

test('a tool that fails is named, with what it printed; the others run', () => {
  put(machine.merged, `${SCHEMAS}/a.gschema.xml`, 'a ');
  put(machine.merged, 'usr/share/info/a.info', 'a');
  put(machine.merged, 'usr/bin/update-info-dir', '#!/bin/sh\necho made >/usr/share/info/dir\n', 0o755);
  persist('--all');
  machine.rebuild((root) => {
    base(root, 'base');
    put(
      root,
      'usr/lib/x86_64-linux-gnu/glib-2.0/glib-compile-schemas',
      '#!/bin/sh\necho broken >&2; exit 3',
      0o755,
    );
  });
  machine.boot();
  const { code, stderr } = make();
  assert.equal(code, 1);
  assert.match(stderr, /gschemas\.compiled: broken/);
  assert.equal(readFileSync(at('usr/share/info/dir'), 'utf8'), 'made\n');
});

test('the unit is in the image, in order, and systemd finds no fault with it', () => {
  const root = join(machine.root);
  const verify = spawnSync('/usr/sbin/chroot', [root, 'systemd-analyze', 'verify', 'mkma-derived.service'], {
    encoding: 'utf8',
  });
  assert.equal(verify.stderr.trim(), '');
  assert.ok(existsSync(join(root, 'usr/lib/systemd/system/sysinit.target.wants/mkma-derived.service')));
});

test('a kernel on the running machine: said at once; while a machine is built, nothing', () => {
  const hook = (path: string) =>
    spawnSync('/usr/sbin/chroot', [machine.root, path, '6.1', '/boot/x'], { encoding: 'utf8' });
  for (const path of ['/etc/kernel/postinst.d/zz-mkma', '/etc/initramfs/post-update.d/zz-mkma']) {
    const said = hook(path);
    assert.equal(said.status, 0);
    assert.match(said.stderr, /^mkma: no boot will use this kernel or initramfs/);
  }
  rmSync(join(machine.root, 'run/mkma/boot.json'));
  assert.equal(hook('/etc/kernel/postinst.d/zz-mkma').stderr, '');
});
