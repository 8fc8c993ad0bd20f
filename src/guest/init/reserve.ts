/** Memory that the kernel keeps free (vm.min_free_kbytes). */
import { parseCmdline } from '../../core/boot/cmdline.js';
import { memoryInfo } from '../meminfo.js';
import type { GuestSystem } from '../system.js';

const SETTING = '/proc/sys/vm/min_free_kbytes';
/** Kernel parameter that overrides it. */
const PARAMETER = 'sysctl.vm.min_free_kbytes';

/**
 * Lowers the reserve to what the kernel itself derives from the RAM size (calculate_min_free_kbytes in
 * mm/page_alloc.c). With huge pages enabled, as in Debian, khugepaged raises it to about 45 MiB, which with
 * its watermarks keeps 75 MiB from programs. On a machine that runs from RAM, with little to reclaim, that
 * memory is worth more than huge pages.
 */
export function lowerReserve(machine: GuestSystem): void {
  const set = parseCmdline(machine.readText('/proc/cmdline') ?? '').some(({ name }) => name === PARAMETER);
  const now = Number.parseInt(machine.readText(SETTING) ?? '', 10);
  const kibibytes = memoryInfo(machine, 'MemTotal') / 1024;
  const own = Math.min(Math.max(Math.floor(Math.sqrt(kibibytes * 16)), 128), 262_144);
  if (!set && now > own) machine.write(SETTING, `${own}\n`);
}
