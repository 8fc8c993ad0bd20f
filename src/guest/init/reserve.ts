/** Memory that the kernel keeps free for itself (vm.min_free_kbytes). */
import { parseCmdline } from '../../core/boot/cmdline.js';
import { memoryInfo } from '../meminfo.js';
import type { GuestSystem } from '../system.js';

const SETTING = '/proc/sys/vm/min_free_kbytes';
/** Kernel parameter by which somebody sets it himself. */
const PARAMETER = 'sysctl.vm.min_free_kbytes';

/**
 * Lower the reserve to what the kernel itself takes by the size of the RAM (calculate_min_free_kbytes in mm/page_alloc.c). Where huge
 * pages are on, as in Debian, khugepaged raises it to some 45 MiB, which with its watermarks keeps 75 MiB from programs: on a
 * machine that runs from RAM, where there is little to be reclaimed, they are worth more than huge pages late in its life.
 */
export function lowerReserve(machine: GuestSystem): void {
  const set = parseCmdline(machine.readText('/proc/cmdline') ?? '').some(({ name }) => name === PARAMETER);
  const now = Number.parseInt(machine.readText(SETTING) ?? '', 10);
  const kibibytes = memoryInfo(machine, 'MemTotal') / 1024;
  const own = Math.min(Math.max(Math.floor(Math.sqrt(kibibytes * 16)), 128), 262_144);
  if (!set && now > own) machine.write(SETTING, `${own}\n`);
}
