/** Downloads by apt-helper(1), which fetches files as apt does: with its proxies and logins. Pure. */
import type { Command } from '../sys/command.js';

/** apt does not put it on the search path. */
const APT_HELPER = '/usr/lib/apt/apt-helper';

export interface Download {
  readonly url: string;
  /** Where it is put; a file of other content is not put there. */
  readonly file: string;
  /** In hexadecimal; absent: the file may be any. */
  readonly sha256?: string | undefined;
}

/**
 * Fetches all of them, one at a time from each host; a failure does not end the others. `conf`: a file of
 * apt.conf(5). With `traced`, it also prints the headers of requests and answers, logins included.
 */
export function downloadCommand(
  downloads: readonly Download[],
  conf: string,
  fetching: Readonly<Record<string, string>>,
  traced = false,
): Command {
  const options = ['APT::Sandbox::User=root', 'Acquire::Retries=0'];
  const trace = traced ? ['Debug::Acquire::http=true', 'Debug::Acquire::https=true'] : [];
  const words = downloads.flatMap(({ url, file, sha256 }) => [
    // A file would be linked, not copied.
    url.replace(/^file:/, 'copy:'),
    file,
    ...(sha256 === undefined ? [] : [`SHA256:${sha256}`]),
  ]);
  return {
    file: APT_HELPER,
    args: [...[...options, ...trace].flatMap((option) => ['-o', option]), 'download-file', ...words],
    env: { APT_CONFIG: conf },
    secretEnv: fetching,
  };
}

/** The seconds after which a traced answer says to ask again; `undefined`: none does. RFC 9110, 10.2.3. */
export function retryAfter(output: string, now: number): number | undefined {
  const [, value] = /^retry-after:\s*(.+?)\s*$/im.exec(output) ?? [];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
