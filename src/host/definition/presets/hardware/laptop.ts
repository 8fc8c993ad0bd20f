/** The fragment `hardware/laptop`: what a machine with a lid and a battery does by itself. Pure. */
import { z } from 'zod';
import type { MachineInput } from '../../machine.js';
import { presetOf } from '../preset.js';
import { INTEL_MICROCODE } from './intel.js';

/** What closing the lid can do, of logind.conf(5): what writes RAM to a disk is left out. */
const LID = ['suspend', 'lock', 'poweroff', 'ignore'] as const;

const options = z.strictObject({
  lid: z
    .enum(LID)
    .default('suspend')
    .describe(
      'What closing the lid does, on battery and on external power. Nothing where a dock or a second display is attached.',
    ),
});

export const laptop = presetOf(
  'a laptop: the lid suspends, never to a disk; power profiles, brightness, radio rules',
  options,
  (chosen) => ({
    options: chosen,
    fields: {
      packages: ['power-profiles-daemon', 'brightnessctl', 'wireless-regdb'],
      files: {
        '/etc/systemd/logind.conf.d/10-mkma-laptop.conf': `[Login]\nHandleLidSwitch=${chosen.lid}\nHandleLidSwitchDocked=ignore\n`,
        // The system is RAM: a hibernated image would be all of it, and the next boot starts from the images.
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
 * An Intel laptop also gets thermald, which cools before the processor throttles, and its sound's firmware
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
