/** Files that a definition names by URL and digest: downloaded when needed, cached by digest. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { withoutLogins } from '../../../core/text/logins.js';
import type { Context } from '../../context.js';
import { nameOf } from '../../definition/issues.js';
import type { MachineConfig } from '../../definition/machine.js';
import { PAUSES, tryAgain } from '../../mirror/tries.js';
import { cached, findEntry } from '../../stages/cache.js';
import { sha256Of } from '../../sys/digest.js';
import type { BuildSettings } from '../settings.js';
import { download } from './download.js';
import { soundCache } from './engine.js';

/** A file to download, and the field that names it. */
interface Wanted {
  readonly url: string;
  readonly sha256: string;
  readonly field: readonly (string | number)[];
}

type Settings = Pick<BuildSettings, 'machine' | 'cache' | 'reach'>;

/** The file in its cache entry. */
const FILE = 'file';

const inputsOf = (sha256: string) => ({ sha256 });

/** Every file that the definition names by URL. */
function wantedBy({ files, builds }: MachineConfig): Wanted[] {
  const placed = Object.entries(files).flatMap(([path, file]) =>
    typeof file === 'object' && 'url' in file ? [{ ...file, field: ['files', path] }] : [],
  );
  const sources = builds.flatMap(({ sources: own }, i) =>
    Object.entries(own).flatMap(([name, source]) =>
      typeof source === 'object' ? [{ ...source, field: ['builds', i, 'sources', name] }] : [],
    ),
  );
  return [...placed, ...sources];
}

/** Files that are not in the cache, as lines. */
export function missingUrls({ machine, cache }: Settings): string[] {
  return wantedBy(machine)
    .filter(({ sha256 }) => findEntry(cache, 'url', inputsOf(sha256)) === undefined)
    .map(({ url, field }) => `the file of ${nameOf(field)}: ${url}`);
}

/** The path of a file that was downloaded. */
export function urlPath(cache: string, sha256: string): string {
  const entry = findEntry(cache, 'url', inputsOf(sha256));
  if (entry === undefined) throw new Error(`the file ${sha256} is used before it was fetched`);
  return join(entry.path, FILE);
}

/** The definition's files, with those that were downloaded as files of this host. */
export function withFetched(machine: MachineConfig, cache: string): MachineConfig {
  const files = Object.entries(machine.files).map(([path, file]) => {
    if (typeof file === 'string' || !('url' in file)) return [path, file] as const;
    const { url: _url, sha256, mode = '0644', ...owner } = file;
    return [path, { from: urlPath(cache, sha256), mode, ...owner }] as const;
  });
  return { ...machine, files: Object.fromEntries(files) };
}

/** Downloads what is not in the cache. `pauses`: seconds between retries. */
export async function fetchUrls(
  settings: Settings,
  context: Context,
  pauses: readonly number[] = PAUSES,
): Promise<Result<void>> {
  const { machine, cache } = settings;
  for (const wanted of wantedBy(machine)) {
    const inputs = inputsOf(wanted.sha256);
    const sound = await soundCache(cache, 'url', inputs, context);
    if (!sound.ok) return sound;
    const entry = await cached(cache, {
      ...{ kind: 'url', inputs, refresh: false, signal: context.signal },
      onWait: () => undefined,
      make: async (folder) => {
        context.emit({ type: 'note', text: `downloading ${withoutLogins(wanted.url)}` });
        const done = await tryAgain(() => once(wanted, folder, settings, context), context, pauses);
        return done.ok ? ok(wanted.sha256.slice(0, 20)) : done;
      },
    });
    if (!entry.ok) return entry;
  }
  return ok();
}

/** Downloads into a cache entry's folder; fails if it is another file than the definition names. */
async function once({ url, sha256, field }: Wanted, folder: string, settings: Settings, context: Context) {
  const absent = { code: 'url-absent', next: 'correct the url' } as const;
  const { cache, reach } = settings;
  const tried = await download({ url, cache, reach, absent }, context, async (file) => {
    const found = await sha256Of(file, context);
    if (found !== sha256) return err(mismatch(url, sha256, found));
    renameSync(file, join(folder, FILE));
    return ok();
  });
  const { result } = tried;
  return { ...tried, result: result.ok ? result : err({ ...result.problem, field }) };
}

function mismatch(url: string, wanted: string, found: string): Problem {
  return {
    code: 'url-digest-mismatch',
    what: 'a download is not the file that the definition names',
    where: withoutLogins(url),
    why: `its SHA-256 is ${found}\nthe definition has ${wanted}`,
    next: `compare it with what the publisher gives; only if it is that, set sha256: '${found}'`,
    suggestion: found,
  };
}
