/** Other programs, run to their end. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Run a program; resolves to what it printed. Throws where it fails. */
export function output(file: string, ...args: string[]): string {
  const ended = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (ended.status !== 0) throw new Error(`${file} ${args.join(' ')}: ${ended.error ?? ended.stderr}`);
  return ended.stdout;
}

/** Run a program without standing in its way; resolves to the seconds it took. Throws where it fails. */
export async function time(file: string, ...args: string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let seconds = 0;
  child.once('exit', () => {
    seconds = (performance.now() - start) / 1000;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit code ${code}: ${stderr}`);
  return seconds;
}

/** A shell that runs its arguments and prints its own processor time and that of what it ran (sh(1), "times"). */
export const TIMES = ['-c', '"$@"; code=$?; times; exit $code', 'sh'] as const;

/** The processor time in seconds at the end of what a {@link TIMES} shell printed, and what is before it. */
export function splitTimes(text: string): { readonly printed: string; readonly processor: number } {
  const [, printed = '', times = ''] = /^(.*?)((?:\d+m[\d.]+s[ \n]){4})$/s.exec(text) ?? [];
  const parts = [...times.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 4) throw new Error(`no times: ${text}`);
  const processor = parts.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
  return { printed, processor };
}
