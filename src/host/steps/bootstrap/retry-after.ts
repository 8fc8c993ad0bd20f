/** How long a mirror that is overloaded asks to wait: apt does not report it, so mkma asks once more. */
import { join } from 'node:path';
import { run } from '../../sys/run.js';
import { downloadCommand, retryAfter } from '../../tools/apt-helper.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import type { MirrorAnswer } from '../../tools/mirror-answers.js';

/** The seconds; `undefined`: it does not say, or answers now. */
export async function askRetryAfter(
  answer: MirrorAnswer | undefined,
  { reach, fetching, temporary }: Pick<BootstrapRequest, 'reach' | 'fetching' | 'temporary'>,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (answer?.kind !== 'overloaded') return undefined;
  const lines: string[] = [];
  const file = join(temporary, 'asked-again');
  const command = downloadCommand([{ url: answer.url, file }], reach, fetching, true);
  const done = await run(command, { signal, onLine: (line) => void lines.push(line) });
  return done.ok ? undefined : retryAfter(lines.join('\n'), Date.now());
}
