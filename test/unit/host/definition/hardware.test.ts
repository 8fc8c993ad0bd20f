/** Fragments of hardware: what they are added to, and what they come to there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { componentsOf } from '../../../../src/host/customise/sources.js';
import type { MachineConfig } from '../../../../src/host/definition/machine.js';
import { resolveMachine } from '../../../../src/host/definition/resolve.js';
import { renderJsonSchema } from '../../../../src/host/reference/json-schema.js';

const folder = mkdtempSync(join(tmpdir(), 'mkma-hardware-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(fields: unknown): string {
  const file = join(folder, 'mkma.config.json');
  writeFileSync(file, JSON.stringify(fields, null, 2));
  return file;
}

async function machineOf(upon: readonly unknown[]): Promise<MachineConfig> {
  const resolved = await resolveMachine({ config: write({ extends: upon }) });
  assert.ok(resolved.ok, JSON.stringify(resolved));
  return resolved.value.machine;
}

test('fragments alone are added to the console machine, with the component of their firmware', async () => {
  const machine = await machineOf(['hardware/intel']);
  assert.ok(machine.packages.includes('systemd-sysv'));
  assert.deepEqual(machine.firmware, ['intel-microcode', 'firmware-intel-graphics']);
  assert.deepEqual(componentsOf(machine), ['main', 'non-free-firmware']);
  const named = await machineOf(['console', { preset: 'hardware/intel' }]);
  assert.deepEqual(named, machine);
});

test('a fragment beside a whole machine adds no console', async () => {
  const { users } = await machineOf(['server', 'hardware/amd']);
  assert.equal(users.root, undefined);
});

test('drivers for video come with a desktop, or where they are asked for', async () => {
  const video = async (upon: readonly unknown[]) =>
    (await machineOf(upon)).packages.filter((name) => /va-driver|vulkan/.test(name));
  assert.deepEqual(await video(['hardware/intel', 'hardware/amd']), []);
  // Whichever comes first.
  for (const upon of [
    ['desktop', 'hardware/amd'],
    ['hardware/amd', 'desktop'],
  ]) {
    assert.deepEqual(await video(upon), ['mesa-va-drivers']);
  }
  const asked = { preset: 'hardware/intel', with: { video: true, vulkan: true } };
  assert.deepEqual(await video(['server', asked]), [
    ...['mesa-vulkan-drivers', 'intel-media-va-driver', 'i965-va-driver'],
  ]);
  assert.deepEqual(await video(['desktop', { preset: 'hardware/intel', with: { video: false } }]), []);
});

test('a laptop suspends when its lid closes and never sleeps on a disk; one of Intel has its sound and cooling', async () => {
  const amd = await machineOf(['hardware/amd', 'hardware/laptop']);
  assert.ok(!amd.packages.includes('thermald'));
  assert.ok(!amd.firmware.includes('firmware-sof-signed'));
  assert.deepEqual(amd.services.enable, ['power-profiles-daemon']);
  const text = (machine: MachineConfig, name: string) =>
    machine.files[`/etc/systemd/${name}.d/10-mkma-laptop.conf`];
  assert.equal(text(amd, 'logind.conf'), '[Login]\nHandleLidSwitch=suspend\nHandleLidSwitchDocked=ignore\n');
  assert.match(String(text(amd, 'sleep.conf')), /^AllowHibernation=no$/m);
  const intel = await machineOf([{ preset: 'hardware/laptop', with: { lid: 'ignore' } }, 'hardware/intel']);
  assert.ok(intel.packages.includes('thermald'));
  assert.ok(intel.firmware.includes('firmware-sof-signed'));
  assert.match(String(text(intel, 'logind.conf')), /^HandleLidSwitch=ignore$/m);
});

test('a fragment is no machine, a wrong one is refused with the right one', async () => {
  const whole = await resolveMachine({ preset: 'hardware/laptop' });
  assert.ok(!whole.ok);
  assert.equal(whole.problem.code, 'preset-is-fragment');
  const none = await resolveMachine({ preset: 'hardware/lapto' });
  assert.ok(!none.ok);
  assert.equal(none.problem.code, 'no-such-preset');
  assert.ok(!none.problem.next?.includes('hardware/laptop'));
  const wrong = await resolveMachine({ config: write({ extends: ['hardware/lapto'] }) });
  assert.ok(!wrong.ok);
  assert.equal(wrong.problem.code, 'no-such-preset');
  assert.match(wrong.problem.next ?? '', /did you mean hardware\/laptop/);
  const odd = await resolveMachine({
    config: write({ extends: [{ preset: 'hardware/laptop', with: { lid: 'hibernate' } }] }),
  });
  assert.ok(!odd.ok);
  assert.match(odd.problem.what, /^extends\[0\]\.with\.lid is "hibernate"/);
});

test('the JSON Schema knows fragments and their options', () => {
  const { properties } = JSON.parse(renderJsonSchema());
  const choices: { properties?: { preset: { const: string }; with: { properties: object } } }[] =
    properties.extends.items.anyOf;
  const laptop = choices.find((one) => one.properties?.preset.const === 'hardware/laptop');
  assert.deepEqual(Object.keys(laptop?.properties?.with.properties ?? {}), ['lid']);
});
