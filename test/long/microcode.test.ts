import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tool } from '../vm/disk.js';
import { imagesFolder, mkma, Vm } from '../vm/harness.js';

/** Build, and return what the build says of itself. */
async function build(output: string) {
  const built = await mkma('build', 'microcode', '--output', output, '--json');
  assert.equal(built.exitCode, 0, built.stderr);
  return JSON.parse(built.output);
}

test('microcode and firmware in the tree: the one in a file of its own that the kernel takes first, the other with the modules', async () => {
  const output = join(imagesFolder(), 'built');
  const file = join(output, 'microcode.cpio');
  await build(output);
  assert.ok(!existsSync(file));

  const firmware = join(output, 'chroot/usr/lib/firmware');
  for (const folder of ['intel-ucode', 'amd-ucode']) mkdirSync(join(firmware, folder), { recursive: true });
  // What Debian's packages install, with contents that no processor will take.
  writeFileSync(join(firmware, 'intel-ucode/06-9e-09'), 'second'.padEnd(1024));
  writeFileSync(join(firmware, 'intel-ucode/06-8e-09'), 'first'.padEnd(1024));
  writeFileSync(join(firmware, 'amd-ucode/microcode_amd_fam17h.bin'), 'amd'.padEnd(1000));
  writeFileSync(join(firmware, 'amd-ucode/README'), 'no microcode');
  // The one that a module of the initramfs asks for, compressed as Debian's kernel takes it.
  writeFileSync(join(firmware, 'renesas_usb_fw.mem.xz'), 'firmware');
  const { ran, files } = await build(output);
  assert.deepEqual(ran, ['initramfs', 'microcode', 'base']);
  assert.equal(files['microcode.cpio'] % 4, 0);
  assert.deepEqual(tool('cpio', '-t', '--quiet', '-F', file).split('\n'), [
    'kernel',
    'kernel/x86',
    'kernel/x86/microcode',
    'kernel/x86/microcode/AuthenticAMD.bin',
    'kernel/x86/microcode/GenuineIntel.bin',
  ]);
  const tree = join(output, 'initramfs/usr/lib/firmware');
  assert.deepEqual(readdirSync(tree), ['renesas_usb_fw.mem.xz']);
  assert.deepEqual((await build(output)).ran, []);

  // As a boot loader puts two initrds in a row.
  const initramfs = join(imagesFolder(), 'initramfs.cpio.zst');
  rmSync(initramfs);
  writeFileSync(
    initramfs,
    Buffer.concat([file, join(output, 'initramfs.cpio.zst')].map((name) => readFileSync(name))),
  );
  await using vm = Vm.start('mkma_break=mount');
  await vm.expectShell();
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const sums = await vm.ask('cd /kernel/x86/microcode && sha256sum *');
  assert.deepEqual(sums.split('\n'), [
    `${digest('amd'.padEnd(1000))}  AuthenticAMD.bin`,
    `${digest('first'.padEnd(1024) + 'second'.padEnd(1024))}  GenuineIntel.bin`,
  ]);

  for (const folder of ['intel-ucode', 'amd-ucode']) rmSync(join(firmware, folder), { recursive: true });
  await build(output);
  assert.ok(!existsSync(file), 'microcode that the system lost is gone from the images too');
});
