/** Memory that programs take, by the kernel's account. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Milliseconds between two looks. */
const INTERVAL = 20;

/** Most bytes at a time while `work` goes on, as `look` counts them. */
export async function peakWhile<T>(look: () => number, work: () => Promise<T>): Promise<[T, number]> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, look());
  }, INTERVAL);
  try {
    return [await work(), peak];
  } finally {
    clearInterval(timer);
  }
}

/** Memory of a process and all that it has started (PSS: shared pages by share). */
export function memoryOfTree(pid: number | string): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + memoryOfTree(child), memoryOf(pid));
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

/** Memory of all processes whose root is that folder or lies in it. */
export function memoryOfRoot(root: string): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (readlinkSync(`/proc/${pid}/root`).startsWith(root)) bytes += memoryOf(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  return bytes;
}

function memoryOf(pid: number | string): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}
