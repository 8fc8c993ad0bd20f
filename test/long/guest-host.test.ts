/** mkma as a host in a machine of its own, with device mapper and RAID: what `mkma install` refuses there, and that it says why. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blank } from '../vm/disk.js';
import { GUEST, GuestHost } from '../vm/guest-host.js';

test('it installs on a free disk', async () => {
  await using host = await GuestHost.start({ disks: [blank('target.raw', 768 * 2 ** 20)] });
  const [disk = ''] = host.disks;
  const { output, exitCode } = await host.mkma(
    `install ${disk} --output ${GUEST.images} --confirm ${disk.slice(5)}`,
  );
  assert.equal(exitCode, 0, output);
});
