/** Processors available to a program. */
import type { GuestSystem } from './system.js';

/** Processors that this program may run on (proc_pid_status(5)). */
export function processors(machine: GuestSystem): number {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(machine.readText('/proc/self/status') ?? '')?.[1];
  if (list === undefined) throw new Error('/proc/self/status has no Cpus_allowed_list');
  return list
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((count, [first = 0, last = first]) => count + last - first + 1, 0);
}
