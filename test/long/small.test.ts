/** A machine of which everything is left out that can be, with swap in RAM: it boots, and packages install as on any other. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { execute, main } from '../cli/cli.js';
import { runScript } from '../vm/script.js';

const built = process.env.MKMA_TEST_IMAGES ?? '';
assert.ok(built);
const output = mkdtempSync(join(dirname(built), 'small-'));
after(() => rmSync(output, { recursive: true, force: true }));

/** Builds a package with documentation and a translation, and installs it. */
const INSTALL = `set -e
mkdir -p /tmp/p/DEBIAN /tmp/p/usr/share/doc/p /tmp/p/usr/share/locale/de/LC_MESSAGES
printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' > /tmp/p/DEBIAN/control
for file in doc/p/README doc/p/copyright locale/de/LC_MESSAGES/p.mo p.kept; do echo x > /tmp/p/usr/share/$file; done
dpkg-deb -b /tmp/p /tmp/p.deb && dpkg -i /tmp/p.deb
cd /usr/share
for file in doc/p/README doc/p/copyright locale/de/LC_MESSAGES/p.mo p.kept; do [ ! -e $file ] || echo $file; done`;

test('a machine without documentation, translations, needless modules and firmware, with swap in RAM', async () => {
  const switches = ['--without', 'docs,locales,modules,firmware', '--zram', '25'];
  const small = [...switches, '--initramfs-modules', 'hardware', '--format', 'erofs', '--output', output];
  const config = join(output, 'machine.json');
  writeFileSync(config, JSON.stringify({ hostname: 'small', keepModules: ['bttv'] }));
  const made = await execute(process.execPath, [main, 'build', '--config', config, ...small, '--json']);
  assert.equal(made.code, 0, made.stderr);
  const { savings } = JSON.parse(made.stdout);
  const mebibytes = (part: string): number => savings[part].bytes / 2 ** 20;
  assert.ok(mebibytes('docs') > 5 && mebibytes('locales') > 20 && mebibytes('modules') > 30);

  process.env.MKMA_TEST_IMAGES = output;
  const { mkma, Vm } = await import('../vm/harness.js');
  const verdict = await mkma('test', '--output', output);
  assert.equal(verdict.exitCode, 0, `${verdict.stderr}\n${verdict.output}`);

  await using vm = await Vm.login();
  const swap = await vm.sh('swapon --show=NAME,SIZE --bytes --noheadings');
  const total = Number((await vm.sh("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")).output);
  const [device, bytes] = swap.output.trim().split(/\s+/);
  assert.equal(device, '/dev/zram0');
  assert.ok(Math.abs(Number(bytes) / (total * 1024) - 0.25) < 0.02, swap.output);
  const found = await runScript(vm, INSTALL);
  assert.equal(found.exitCode, 0, found.output);
  assert.deepEqual(found.output.trim().split('\n').slice(-2), ['doc/p/copyright', 'p.kept']);
  // No hardware needed; and none of this kind here.
  assert.equal((await vm.sh('modprobe wireguard')).exitCode, 0);
  assert.notEqual((await vm.sh('modprobe --dry-run saa7134')).exitCode, 0);
  assert.equal((await vm.sh('modprobe --dry-run bttv')).exitCode, 0, 'the definition keeps it');
});
