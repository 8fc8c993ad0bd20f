/** Software built from source, and hooks: what gets into the tree, what must not reach the host, and what an interruption ends. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { execute, mkma, mkmaHere, temporary } from './cli.js';
import { writeSmall } from './small.js';

describe('builds and hooks', () => {
  const folder = temporary();
  const out = join(folder.path, 'out');
  const config = join(folder.path, 'mkma.config.ts');
  after(() => folder[Symbol.dispose]());

  const build = (fields: string, options = {}) => {
    writeSmall(folder.path, 'b', "format: 'erofs'", fields);
    return mkma(['build', '--config', config, '--output', out], options);
  };
  /** A name that nothing else on this host has. */
  const mark = `mkma-test-${process.pid}`;

  test('what a build installs gets into the tree, wherever its links lead, and nowhere else', async () => {
    const install = [
      `mkdir -p $DESTDIR/var/run/${mark} $DESTDIR/dev $DESTDIR/lib/${mark} $DESTDIR/usr/local/bin`,
      `echo "$(cat made)" > $DESTDIR/lib/${mark}/file; echo x > $DESTDIR/dev/${mark}`,
      'ip -brief address > $DESTDIR/usr/local/network 2>&1 || :',
    ].join('; ');
    const made = await build(
      `builds: [{ name: 'x', packages: ['iproute2'], run: 'echo compiled > made; which cc > tool', install: ${JSON.stringify(install)} }]`,
    );
    assert.equal(made.code, 0, made.stderr);
    const chroot = join(out, 'chroot');
    assert.equal(readFileSync(join(chroot, 'usr/lib', mark, 'file'), 'utf8'), 'compiled\n');
    assert.ok(lstatSync(join(chroot, 'lib')).isSymbolicLink());
    // Of its own loopback alone.
    assert.match(readFileSync(join(chroot, 'usr/local/network'), 'utf8'), /^lo [^\n]*\n$/);
    for (const path of [`/run/${mark}`, `/dev/${mark}`, `${chroot}/dev/${mark}`, `${chroot}/usr/bin/cc`]) {
      assert.ok(!existsSync(path), path);
    }
    const again = await build(
      `builds: [{ name: 'x', packages: ['iproute2'], run: 'echo compiled > made; which cc > tool', install: ${JSON.stringify(install)} }]`,
    );
    assert.match(again.stdout, /^nothing changed since/);
  });

  test('who uses the images is told where the definition is another one by now', async () => {
    const entry = ['boot-entry', '--output', out, '--loader', 'grub', '--storage-device', '/dev/sda1'];
    for (const options of [[], ['--config', config]]) {
      const same = await mkmaHere([...entry, ...options], { cwd: folder.path });
      assert.equal(same.stderr, '');
      assert.equal(same.code, 0);
    }
    appendFileSync(config, '// with a remark\n');
    const changed = (place: string, options: string) =>
      `warning: the definition has changed since the images were built: ${place} [definition-changed]\n` +
      `  next: build again: sudo mkma build${options}\n`;
    const here = { cwd: folder.path };
    // As a build does, these commands take the definition that lies there.
    const told = changed('mkma.config.ts', ' --output out');
    assert.equal((await mkmaHere(entry, here)).stderr, told);
    const dryRun = ['run', '--dry-run', '--accel', 'tcg', '--output', out];
    assert.ok((await mkmaHere(dryRun, here)).stderr.startsWith(told));
    const named = await mkmaHere([...entry, '--config', 'mkma.config.ts'], here);
    assert.equal(named.stderr, changed('mkma.config.ts', ' --config mkma.config.ts --output out'));
    const other = await mkmaHere([...entry, '--preset', 'server'], here);
    assert.equal(
      other.stderr,
      `warning: the images were built from another definition: ${out} [images-of-another-definition]\n` +
        `  why: they were built from ${config}, not from the preset server\n` +
        '  next: name that one with --config or --preset, name other images with --output, or build again\n',
    );
    // Nothing in it is run: it need not even be a definition.
    writeFileSync(config, "process.stdout.write('run'); process.exit(7);\n");
    const odd = await mkma(['shell', '--output', out, 'true'], here);
    assert.deepEqual([odd.code, odd.stdout, odd.stderr], [0, '', told]);
    for (const wrong of [
      ['--config', 'nowhere.ts'],
      ['--preset', 'servr'],
    ]) {
      const refused = await mkmaHere([...entry, ...wrong], here);
      assert.equal(refused.code, 2, refused.stderr);
      assert.ok(refused.stderr.includes(wrong.join(' ').replace('--config ', '')), refused.stderr);
    }
  });

  test('a build that fails is told with its last words and the line of the definition', async () => {
    const failed = await build("builds: [{ name: 'x', run: 'echo some words; false', install: 'true' }]");
    assert.equal(failed.code, 1);
    assert.match(
      failed.stderr,
      /error: the build x failed: \S*mkma\.config\.ts:2, builds\[0\]\.run \[own-build-failed\]\n {2}why: some words\n {2}next: it has no network/,
    );
  });

  test('an interruption ends a hook on the host with all that it has started, and a function that waits', async () => {
    const started = join(folder.path, 'started');
    for (const run of [
      `'sleep 4711 & echo going > ${started}; sleep 4711; echo late > ${started}'`,
      `async () => { const { writeFileSync } = await import('node:fs'); writeFileSync('${started}', 'going'); await new Promise(() => setTimeout(() => {}, 1e6)); }`,
    ]) {
      const begun = performance.now();
      let sent = false;
      const got = await build(`hooks: [{ at: 'system', on: 'host', run: ${run} }]`, {
        onStderr: (_: string, child: { kill: (signal: string) => void }) => {
          if (sent) return;
          sent = true;
          const timer = setInterval(() => {
            if (!existsSync(started)) return;
            clearInterval(timer);
            child.kill('SIGINT');
          }, 100);
        },
      });
      assert.equal(got.code, 130, got.stderr);
      assert.ok(performance.now() - begun < 120_000);
      assert.match(readFileSync(started, 'utf8'), /^going\n?$/);
      rmSync(started);
    }
    assert.equal((await execute('pgrep', ['-f', 'sleep 4711'])).stdout, '');
  });
});
