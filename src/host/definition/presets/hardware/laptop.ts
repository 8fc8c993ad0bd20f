/** The fragment `hardware/laptop`: lid, power and radio. Pure. */
import { z } from 'zod';
import type { MachineInput } from '../../machine.js';
import { presetOf } from '../preset.js';
import { INTEL_MICROCODE } from './intel.js';

/** Actions of logind.conf(5) on closing the lid, without those that write RAM to a disk. */
const LID = ['suspend', 'lock', 'poweroff', 'ignore'] as const;

const options = z.strictObject({
  lid: z
    .enum(LID)
    .default('suspend')
    .describe(
      'Action on closing the lid, on battery and on external power. With a dock or a second display, closing it does nothing.',
    ),
});

export const laptop = presetOf(
  'laptops: suspend on closing the lid, no hibernation; power profiles, brightness, wireless regulatory database',
  options,
  (chosen) => ({
    options: chosen,
    fields: {
      packages: ['power-profiles-daemon', 'brightnessctl', 'wireless-regdb'],
      files: {
        '/etc/systemd/logind.conf.d/10-mkma-laptop.conf': `[Login]\nHandleLidSwitch=${chosen.lid}\nHandleLidSwitchDocked=ignore\n`,
        // The system is in RAM: hibernation would write all of it, and the next boot starts from the images
        // anyway.
        '/etc/systemd/sleep.conf.d/10-mkma-laptop.conf':
          '[Sleep]\nAllowHibernation=no\nAllowHybridSleep=no\nAllowSuspendThenHibernate=no\n',
      },
      services: { enable: ['power-profiles-daemon'] },
    },
    faults: [],
    finish: intelLaptop,
    check: () => [],
  }),
);

/**
 * An Intel laptop also gets thermald, which cools before the processor throttles, and firmware for sound
 * (SOF).
 */
function intelLaptop({ firmware }: MachineInput): MachineInput {
  if (firmware?.includes(INTEL_MICROCODE) !== true) return {};
  return {
    packages: ['thermald'],
    firmware: ['firmware-sof-signed'],
    services: { enable: ['thermald'] },
  };
}
