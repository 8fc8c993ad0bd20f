/**
 * A console machine with all fragments of hardware and all that they can bring: the packages are there, and
 * it boots.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryDefinition } from '../vm/example.js';

const DEFINITION = `import { defineMachine } from 'mkma';

export default defineMachine({
  extends: [
    { preset: 'hardware/intel', with: { video: true } },
    { preset: 'hardware/amd', with: { video: true, vulkan: true } },
    'hardware/laptop',
  ],
  hostname: 'all',
  tests: [
    {
      name: 'drivers and firmware',
      run: (guest) =>
        guest.ok(
          'cd /usr/lib && ls x86_64-linux-gnu/dri/iHD_drv_video.so x86_64-linux-gnu/dri/i965_drv_video.so ' +
            'x86_64-linux-gnu/dri/radeonsi_drv_video.so ../share/vulkan/icd.d/radeon_icd.json ' +
            'firmware/i915 firmware/amdgpu firmware/amd-ucode firmware/intel-ucode firmware/intel/sof >/dev/null',
        ),
    },
    {
      name: 'lid and sleep',
      async run(guest) {
        const login = 'org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager';
        const lid = await guest.ok('busctl get-property ' + login + ' HandleLidSwitch');
        if (lid !== 's "suspend"') throw new Error(lid);
        const sleep = await guest.ok('systemd-analyze cat-config systemd/sleep.conf');
        if (!/^AllowHibernation=no$/m.test(sleep)) throw new Error(sleep);
      },
    },
    {
      name: 'power profiles, and thermald for a real machine',
      async run(guest) {
        // Started late, at the very end of booting.
        await guest.ok('systemctl start power-profiles-daemon && powerprofilesctl get');
        // Enabled, and skipped on a virtual machine: no failure.
        const thermald = await guest.ok('systemctl is-enabled thermald; systemctl show --value -p ConditionResult thermald');
        if (thermald !== 'enabled\\nno') throw new Error(thermald);
      },
    },
  ],
});
`;

test('a console machine with every fragment of hardware is built of packages that Debian has, and boots', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mkma-fragments-'));
  try {
    const config = join(folder, 'mkma.config.ts');
    writeFileSync(config, DEFINITION);
    await tryDefinition(config, 'hardware', [
      ...['drivers and firmware', 'lid and sleep', 'power profiles, and thermald for a real machine'],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
