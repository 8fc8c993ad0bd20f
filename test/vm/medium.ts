/** Media with real images, for tests that boot them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { mkma, type Outcome, Vm } from './harness.js';

export const FIRMWARE = ['bios', 'uefi', 'secure-boot'] as const;
export type Firmware = (typeof FIRMWARE)[number];

/** Makes a medium with the images of a folder as a raw file. */
export function makeMedium(images: string, file: string, ...more: readonly string[]): Promise<void> {
  return install(images, file, '', more);
}

/** Adds a generation to a medium: another one than that before, if its `words` for the kernel command line are others. */
export function addGeneration(images: string, file: string, words: string): Promise<void> {
  return install(images, file, words, []);
}

async function install(images: string, file: string, words: string, more: readonly string[]): Promise<void> {
  // Addresses that stay make emulation faster.
  const kernel = ['--append', `console=ttyS0 norandmaps ${words}`.trimEnd()];
  const made = await mkma('install', file, '--output', images, ...kernel, ...more);
  assert.equal(made.exitCode, 0, made.output + made.stderr);
}

/** Boots it by its own boot loader, and keeps what the machine writes; further media are attached beside. */
export function bootMedium(
  firmware: 'bios' | 'uefi',
  file: string,
  ...others: readonly string[]
): Promise<Vm> {
  const disks = [file, ...others].flatMap((one) => ['--disk', one]);
  return Vm.login('', { args: [...disks, '--bus', 'usb', '--firmware', firmware] });
}

/** SHA-256 of a file. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

type Tested = Outcome & { readonly stderr: string };

/** `mkma test --medium`, whose logs go to `cache`. */
export async function testMedium(
  medium: { readonly file: string; readonly cache: string },
  firmware: Firmware,
  bus: string,
  ...more: readonly string[]
): Promise<Tested> {
  const where = ['--medium', medium.file, '--firmware', firmware, '--bus', bus, '--cache', medium.cache];
  return mkma('test', ...where, ...more);
}

export function assertPassed({ output, stderr, exitCode }: Tested): void {
  assert.equal(exitCode, 0, output + stderr);
}

/**
 * A definition whose tests assert what the machine was started by, and then `more`: further tests, as the source of elements of
 * its array. These have `firmware` at hand, and `variables`, the folder of UEFI's variables.
 */
export function definitionFor(firmware: Firmware, more = ''): string {
  return String.raw`import assert from 'node:assert/strict';
import { defineMachine } from 'mkma';

const firmware = '${firmware}';
const variables = '/sys/firmware/efi/efivars';

export default defineMachine({
  extends: ['console'],
  tests: [
    {
      name: 'the firmware is ' + firmware,
      async run(guest) {
        const uefi = await guest.run('test -d ' + variables);
        assert.equal(uefi.exitCode === 0, firmware !== 'bios');
        if (firmware === 'bios') return;
        const secure = await guest.ok('od -An -tu1 ' + variables + '/SecureBoot-*');
        assert.match(secure, firmware === 'secure-boot' ? / 1$/ : / 0$/);
        const lockdown = await guest.ok('cat /sys/kernel/security/lockdown');
        assert.match(lockdown, firmware === 'secure-boot' ? /\[integrity\]/ : /\[none\]/);
      },
    },${more}
  ],
});
`;
}
