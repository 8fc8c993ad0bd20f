/** What goes on because of a test. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Processes whose command line, folder or environment names the folder of this test. */
export function processesOf(folder: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      const state = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/.*\) /s, '').charAt(0);
      const about = `${words} ${readlinkSync(`/proc/${pid}/cwd`)} ${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
      if (state !== 'Z' && about.includes(folder)) found.push(`${pid} ${words}`);
    } catch {
      // It has ended meanwhile, or is a kernel thread.
    }
  }
  return found;
}

/** Waits until there are none, which the kernel takes a moment for; returns those that stay. */
export async function lastingProcessesOf(folder: string): Promise<string[]> {
  for (let i = 0; i < 50 && processesOf(folder).length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return processesOf(folder);
}
