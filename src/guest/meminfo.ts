/** The kernel's information about RAM. */
import type { GuestSystem } from './system.js';

/** A line of /proc/meminfo, in bytes. */
export function memoryInfo(machine: GuestSystem, field: 'MemTotal' | 'MemAvailable'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(machine.readText('/proc/meminfo') ?? '');
  if (match === null) throw new Error(`/proc/meminfo has no ${field}`);
  return Number(match[1]) * 1024;
}
