/** A program of GTK on a rebuilt base under an old layer, with the real tools and caches of a desktop. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mkma, repository, temporary } from '../cli/cli.js';
import { sharedImages } from '../cli/images.js';
import { TestMachine } from '../cli/persist/machine.js';
import { inOwnMounts } from '../cli/persist/namespace.js';
import { GTK_PACKAGES, makeOwn } from '../vm/gtk.js';

inOwnMounts(import.meta.url);

test('a program of the rebuilt base starts, and finds its settings, under a layer of the old one', async () => {
  using folder = temporary();
  const build = async (name: string, ...packages: string[]): Promise<string> => {
    const list = [...GTK_PACKAGES, ...packages].map((one) => `'${one}'`).join(', ');
    const config = join(folder.path, `${name}.config.ts`);
    writeFileSync(
      config,
      `import { defineMachine } from 'mkma';\nexport default defineMachine({ extends: ['console'], hostname: 'gtk', packages: [${list}] });\n`,
    );
    const output = join(folder.path, name);
    const { code, stderr } = await mkma([
      'build',
      '--config',
      config,
      '--output',
      output,
      '--compression-level',
      '1',
    ]);
    assert.equal(code, 0, stderr);
    return join(output, 'chroot');
  };
  const old = await build('old');
  const rebuilt = await build('rebuilt', 'mousepad');
  const machine = new TestMachine({
    images: sharedImages(),
    dist: join(repository, 'dist'),
    scratch: folder.path,
  });
  try {
    const fill = (tree: string) => (root: string) => {
      const excluded = ['usr/lib/modules', 'usr/lib/firmware', 'usr/share/locale', 'usr/share/doc'];
      const args = excluded.map((path) => `--exclude=./${path}/*`).join(' ');
      machine.sh(`tar -C '${tree}' -c ${args} . | tar -C "$0" -x`, root);
    };
    const mounts = ['proc', 'tmp', 'run', 'dev'];
    const inView = (script: string) => {
      machine.sh(
        'mount -t proc proc "$0/proc"; mount -t tmpfs t "$0/tmp"; mount -t tmpfs t "$0/run"; mount --rbind /dev "$0/dev"',
        machine.merged,
      );
      try {
        return spawnSync('/usr/sbin/chroot', [machine.merged, 'sh', '-c', script], { encoding: 'utf8' });
      } finally {
        for (const one of mounts)
          machine.sh('umount --recursive "$0" || umount --recursive --lazy "$0"', join(machine.merged, one));
      }
    };
    machine.newBase(fill(old));
    machine.boot();
    const deb = readFileSync(makeOwn(folder.path));
    writeFileSync(join(machine.merged, 'root/own.deb'), deb);
    const installed = inView('dpkg --install /root/own.deb && rm /root/own.deb');
    assert.equal(installed.status, 0, installed.stderr);
    const saved = machine.mkma(['persist', '--all', '--level', '1']);
    assert.equal(saved.code, 0, saved.stderr);
    const listed = machine.mkma(['persist', '--all', '--dry-run']).stdout;
    assert.match(listed, /nothing to save/);
    machine.rebuild(fill(rebuilt));
    assert.deepEqual(machine.boot(), []);
    const schemas = () => inView('gsettings list-schemas').stdout;
    // Otherwise this test shows nothing.
    assert.doesNotMatch(schemas(), /org\.xfce\.mousepad/);
    const start = 'timeout 8 xvfb-run -a mousepad --disable-server /etc/hosts 2>&1; echo $?';
    assert.match(inView(start).stdout, /mousepad_setting_get.*code should not be reached/);
    machine.sh('mount -t proc proc "$0/proc"; mount -t tmpfs run "$0/run"', machine.merged);
    const made = machine.mkma(['make-derived']);
    machine.sh('umount "$0/proc" "$0/run"', machine.merged);
    assert.equal(made.code, 0, made.stderr);
    for (const name of ['gschemas.compiled', 'mime.cache', 'mimeinfo.cache', 'icon-theme.cache'])
      assert.ok(made.stdout.includes(name), made.stdout);
    assert.match(schemas(), /org\.xfce\.mousepad/);
    assert.match(schemas(), /org\.example\.own/);
    assert.match(inView('gio mime text/x-own').stdout, /own\.desktop/);
    assert.match(inView('gio mime text/plain').stdout, /mousepad/);
    const started = inView(start).stdout;
    // It runs until timeout(1) ends it.
    assert.match(started, /124\n$/);
    assert.doesNotMatch(started, /should not be reached|not installed/);
    const left = machine.mkma(['persist', '--all', '--dry-run']).stdout;
    assert.doesNotMatch(left, /schemas|\/mime|icon-theme|mimeinfo/);
  } finally {
    machine.close();
  }
});
