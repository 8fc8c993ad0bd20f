/** `mkma doctor --hardware` on the machine that runs the tests, with a kernel's modules made for it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { mkma, mkmaHere } from './cli.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));
// A user is to read it.
chmodSync(folder, 0o755);

/** Images with modules of which one answers to every processor, and a modinfo that says what it asks for. */
function images(): { output: string; env: Record<string, string> } {
  const modules = join(folder, 'images/chroot/lib/modules/6.12-test');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, 'modules.dep'), 'kernel/arch/x86/for-all-cpus.ko.xz:\n');
  writeFileSync(join(modules, 'modules.alias'), 'alias cpu:type:* for_all_cpus\n');
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const modinfo =
    '#!/bin/sh\nfor file; do [ "$file" = --null ] || printf "filename:       %s\\0firmware=rtl_nic/a-1.fw\\0" "$file"; done\n';
  writeFileSync(join(bin, 'modinfo'), modinfo, { mode: 0o755 });
  // No log: what the kernel of this machine says differs from machine to machine.
  writeFileSync(join(bin, 'dmesg'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return { output: join(folder, 'images'), env: { PATH: `${bin}:${process.env.PATH}` } };
}

interface Report {
  readonly computer: string;
  readonly kernel: string | null;
  readonly firmware: readonly string[];
  readonly modules: readonly string[];
  readonly unread: readonly { readonly what: string; readonly next: string }[];
}

test('as data: the firmware that the drivers of this machine name, out of the modules of the images', async () => {
  const { output, env } = images();
  const done = await mkmaHere(['doctor', '--hardware', '--json', '--output', output], { env });
  assert.equal(done.code, 0, done.stderr);
  const report = JSON.parse(done.stdout) as Report;
  assert.match(report.computer, /^(laptop|virtual machine|desktop or server), (Intel|AMD|other) processor/);
  assert.equal(report.kernel, join(output, 'chroot/lib/modules/6.12-test'));
  assert.ok(report.modules.includes('for_all_cpus'), done.stdout);
  assert.ok(report.firmware.includes('firmware-realtek'), done.stdout);
});

test('as lines to paste, by any user', async () => {
  const { output, env } = images();
  const done = await mkma(['doctor', '--hardware', '--output', output], { env, uid: 65534 });
  assert.equal(done.code, 0, done.stderr);
  const lines = done.stdout.split('\n');
  assert.match(lines[0] ?? '', /^this machine: .* processor/);
  const firmware = lines.find((line) => line.startsWith('  firmware: '));
  assert.match(firmware ?? '', /^ {2}firmware: \[.*'firmware-realtek'.*\],$/);
  assert.ok(
    lines.some((line) => /^ {2}firmware-realtek +.*\(.*for_all_cpus.*\): rtl_nic\/a-1\.fw/.test(line)),
  );
  assert.ok(lines.includes("note     this user cannot read the kernel's log"), done.stdout);
});

test('without any modules: what could not be read, and what to do', async () => {
  const { env } = images();
  const none = join(folder, 'none');
  const done = await mkmaHere(['doctor', '--hardware', '--json', '--output', none], { env });
  assert.equal(done.code, 0, done.stderr);
  const { kernel, unread } = JSON.parse(done.stdout) as Report;
  // A machine with modules of its own has those looked at instead.
  if (kernel === null) assert.match(unread.map(({ next }) => next).join('\n'), /^build once \(mkma build\)/m);
  else assert.match(kernel, /^\/lib\/modules\//);
});

test('it installs nothing', async () => {
  const done = await mkmaHere(['doctor', '--hardware', '--install']);
  assert.equal(done.code, 2);
  assert.match(done.stderr, /--hardware.*--install/);
});
