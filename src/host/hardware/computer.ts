/**
 * What kind of computer a machine is: its processor, whether it is virtual, whether it is portable. Pure.
 */
import type { SystemFiles } from './system-files.js';

/** Vendors that have a fragment. */
export type Maker = 'Intel' | 'AMD';

export interface Computer {
  /** The processor's vendor; `undefined`: another one, or unknown. */
  readonly processor: Maker | undefined;
  /** Whether it runs on a hypervisor, which loads the microcode itself. */
  readonly virtual: boolean;
  /** Why it counts as a laptop; empty if it does not. */
  readonly laptop: readonly string[];
}

/** `vendor_id` in /proc/cpuinfo (kernel: arch/x86/kernel/cpu/). */
const VENDORS: Readonly<Record<string, Maker>> = { GenuineIntel: 'Intel', AuthenticAMD: 'AMD' };

/**
 * Chassis types of portable computers (SMBIOS 3.7, 7.4.1), as in /sys/class/dmi/id/chassis_type.
 */
const PORTABLE: Readonly<Record<string, string>> = {
  ...{ 8: 'portable', 9: 'laptop', 10: 'notebook', 11: 'hand held', 14: 'sub notebook' },
  ...{ 30: 'tablet', 31: 'convertible', 32: 'detachable' },
};

/** Reads it from `files`. */
export function computerOf(files: SystemFiles): Computer {
  const cpu = files.text('proc/cpuinfo');
  const virtual = /^flags\s*:.*\bhypervisor\b/m.test(cpu);
  const chassis = files.text('sys/class/dmi/id/chassis_type').trim();
  const kind = PORTABLE[chassis];
  return {
    processor: VENDORS[/^vendor_id\s*:\s*(\S+)/m.exec(cpu)?.[1] ?? ''],
    virtual,
    laptop: virtual
      ? []
      : [
          ...(kind === undefined ? [] : [`chassis type ${chassis} (${kind})`]),
          ...batteries(files).map((name) => `battery ${name}`),
        ],
  };
}

/**
 * Batteries of the machine itself: those of mice and headsets have the scope Device
 * (Documentation/ABI/testing/sysfs-class-power).
 */
function batteries(files: SystemFiles): string[] {
  const folder = 'sys/class/power_supply';
  return files.list(folder).filter((name) => {
    const value = (attribute: string): string => files.text(`${folder}/${name}/${attribute}`).trim();
    return value('type') === 'Battery' && value('scope') !== 'Device';
  });
}
