/** Downloads one file as apt does, by the same proxies, certificates and logins. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, type Problem, type Result } from '../../../core/result.js';
import { withoutLogins } from '../../../core/text/logins.js';
import type { Context } from '../../context.js';
import { type Reach, renderReach } from '../../mirror/reach.js';
import { run } from '../../sys/run.js';
import { makeScratch } from '../../sys/scratch.js';
import { splitLogin } from '../../tools/apt-config.js';
import { downloadCommand } from '../../tools/apt-helper.js';
import { explainAnswer, type MirrorAnswer, mirrorAnswer } from '../../tools/mirror-answers.js';

/** One try; a retry may help if there is an answer that passes. */
export interface Try<T> {
  readonly result: Result<T>;
  readonly answer?: MirrorAnswer;
}

/** What to download, and how. */
export interface Download {
  readonly url: string;
  readonly cache: string;
  readonly reach: Reach;
  /** The problem's code if there is no such file, and what to do then. */
  readonly absent: Pick<Problem, 'code' | 'next'>;
}

/** Downloads once, into a scratch folder; `use` reads the file there. */
export async function download<T>(
  { url, cache, reach, absent }: Download,
  { signal }: Context,
  use: (file: string) => Promise<Result<T>>,
): Promise<Try<T>> {
  const scratch = await makeScratch(join(cache, 'tmp'), signal);
  if (!scratch.ok) return { result: scratch };
  try {
    const [file, conf, auth] = ['file', 'reach.conf', 'reach.auth'].map((name) =>
      join(scratch.value.path, name),
    ) as [string, string, string];
    const { address, entry } = splitLogin(url);
    const text = renderReach(reach, auth, entry === undefined ? [] : [entry]);
    writeFileSync(conf, text.conf, { mode: 0o600 });
    writeFileSync(auth, text.auth, { mode: 0o600 });
    const lines: string[] = [];
    const onLine = (line: string): void => void lines.push(line);
    const command = downloadCommand([{ url: address, file }], conf, reach.variables);
    const done = await run(command, { signal, onLine });
    if (done.ok) return { result: await use(file) };
    const answer = mirrorAnswer(lines.join('\n'));
    if (answer === undefined) return { result: done };
    const result = err(explain(answer, absent));
    // A mirror that lacks a file is being updated; a missing file of somebody else is permanent.
    return answer.kind === 'absent' ? { result } : { result, answer };
  } finally {
    scratch.value.remove();
  }
}

/** Why it failed, and what to do: naming another mirror would not help. */
function explain(answer: MirrorAnswer, absent: Download['absent']): Problem {
  const { code, where, why, next } = explainAnswer(answer);
  const what = 'cannot download a file';
  if (answer.kind === 'absent')
    return { what, where, why: `no such file\napt reports: ${answer.words}`, ...absent };
  const kept = answer.kind === 'login' || answer.kind === 'certificate';
  const network =
    'check the network and the url; if this host needs a proxy, name it: --proxy http://HOST:PORT';
  return { what, code, where: withoutLogins(where), why, next: kept ? next : network };
}
