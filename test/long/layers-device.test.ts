/** Layers on a device of their own, beside images that are never written: saved there, applied from there, and missing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { imagesFolder, mkma, Vm } from '../vm/harness.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-layers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const iso = join(folder, 'box.iso');
const stick = join(folder, 'stick.img');
const PLACE = 'mkma_layers_device=LABEL=layers:/box/saved';

/** The machine boots from the ISO's kernel, base and label; only the boot loader is left out. */
const args = ['--disk', iso, '--bus', 'usb', '--data-disk', stick];
let label = '';

async function login(more: string[] = []): Promise<Vm> {
  const append = `mkma_storage_device=LABEL=${label} mkma_images_path=/mkma/generations/1 mkma_timeout=20 ${PLACE}`;
  return Vm.login(append, { args: [...args.slice(0, more.length === 0 ? 6 : 4), ...more] });
}

test('an ISO with layers on a stick: saved, applied at the next boot, and missing without the stick', async () => {
  const made = await mkma('export', 'iso', iso, '--output', imagesFolder());
  assert.equal(made.exitCode, 0, made.output + made.stderr);
  label = execFileSync('blkid', ['-p', '-o', 'value', '-s', 'LABEL', iso], { encoding: 'utf8' }).trim();
  writeFileSync(stick, '');
  truncateSync(stick, 64 * 2 ** 20);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-L', 'layers', stick]);
  {
    await using vm = await login();
    await vm.ask('echo kept >/etc/kept');
    assert.match(
      await vm.ask('mkma persist --all --level 1', 200),
      /^saved .* as persistence\.\S+ on LABEL=layers, /m,
    );
    const list = await vm.ask('mkma layers list');
    assert.match(list, /^base /m);
    assert.doesNotMatch(list, /warning/);
    assert.match(await vm.ask('mkma status'), /^layers on +LABEL=layers: \/dev\/\w+ \(ext4\)$/m);
    assert.equal(await vm.powerOff(), 0);
  }
  {
    await using vm = await login();
    assert.equal(await vm.ask('cat /etc/kept'), 'kept');
    assert.match(await vm.ask('mkma layers verify base'), /base/);
    assert.match(await vm.ask('mkma persist --all --dry-run'), /nothing/);
    assert.equal(await vm.ask('grep -c ^/dev/ /proc/mounts || true'), '0');
    assert.equal(await vm.powerOff(), 0);
  }
  await withoutTheStick();
  await withoutTheParameter();
});

async function withoutTheStick(): Promise<void> {
  await using vm = await login(['--memory', '2048']);
  assert.match(vm.transcript, /layers are LEFT OUT: their device cannot be used/);
  assert.equal(
    await vm.ask('ls /etc/kept 2>&1 || true'),
    "ls: cannot access '/etc/kept': No such file or directory",
  );
  assert.match(await vm.ask('mkma persist --all 2>&1 || true', 200), /LABEL=layers/);
}

/** Then there is nowhere to save to, and it is said how to have one. */
async function withoutTheParameter(): Promise<void> {
  const append = `mkma_storage_device=LABEL=${label} mkma_images_path=/mkma/generations/1`;
  await using vm = await Vm.login(append, { args: args.slice(0, 4) });
  await vm.ask('echo kept >/etc/kept');
  const { exitCode, output } = await vm.sh('mkma persist --all --level 1', 200);
  assert.equal(exitCode, 1, output);
  assert.match(output, /next: have layers on another device: boot with mkma_layers_device=UUID=/);
}
