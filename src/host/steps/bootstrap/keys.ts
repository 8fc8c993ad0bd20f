/**
 * Keys of repositories that a definition names by URL and fingerprint: fetched once, the way mirrors are
 * reached, and cached.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { withoutLogins } from '../../../core/text/logins.js';
import type { Context } from '../../context.js';
import { type AddressedKey, type KeyReader, readKey } from '../../customise/repository-keys.js';
import type { Lockfile } from '../../lockfile/schema.js';
import { PAUSES, tryAgain } from '../../mirror/tries.js';
import { digestInputs } from '../../stages/build-state.js';
import { cached, findEntry } from '../../stages/cache.js';
import { plainFingerprint, publicKeysOf } from '../../tools/openpgp/keys.js';
import { armour } from '../../tools/openpgp/packets.js';
import { chooseKey, isExpired } from '../../tools/repository-key.js';
import type { BuildSettings } from '../settings.js';
import { download, type Try } from './download.js';

/** The armoured key in its cache entry. */
const FILE = 'key.asc';

type Settings = Pick<BuildSettings, 'machine' | 'cache' | 'refresh' | 'reach' | 'offline' | 'lock'>;

const inputsOf = (fingerprint: string) => ({ fingerprint: plainFingerprint(fingerprint) });

/** Reads keys for apt's files: from the lock, or those fetched by {@link fetchKeys} from the cache. */
export function keyReader({ cache, lock }: Pick<BuildSettings, 'cache' | 'lock'>): KeyReader {
  return (key) => {
    if (typeof key === 'string') return readKey(key);
    const locked = lock?.keys[plainFingerprint(key.fingerprint)];
    if (locked !== undefined) return locked;
    const entry = findEntry(cache, 'key', inputsOf(key.fingerprint));
    if (entry === undefined) throw new Error(`the key ${key.fingerprint} is read before it was fetched`);
    return readFileSync(join(entry.path, FILE), 'utf8');
  };
}

/**
 * Fetches the keys that are not in the cache, or have expired there. A cache entry belongs to a fingerprint
 * and contains that key alone. `pauses`: seconds between retries.
 */
export async function fetchKeys(
  settings: Settings,
  context: Context,
  pauses: readonly number[] = PAUSES,
): Promise<Result<void>> {
  for (const [name, { key }] of Object.entries(settings.machine.repositories)) {
    if (typeof key === 'string') continue;
    if (settings.lock !== undefined) {
      const locked = lockedKey(settings.lock, name, key);
      if (!locked.ok) return locked;
      continue;
    }
    const fetched = await new Fetching(name, key, settings, context, pauses).run();
    if (!fetched.ok) return fetched;
  }
  return ok();
}

/** Keys that are not in the cache, as lines; a lock has all of them. */
export function missingKeys({ machine, cache, lock }: Settings): string[] {
  if (lock !== undefined) return [];
  return Object.entries(machine.repositories).flatMap(([name, { key }]) =>
    typeof key === 'string' || findEntry(cache, 'key', inputsOf(key.fingerprint)) !== undefined
      ? []
      : [`the key of the repository ${name}: ${key.url}`],
  );
}

/** The key that a lock has for a repository. It may have expired since: nothing is fetched by it. */
function lockedKey(lock: Lockfile, name: string, { fingerprint }: AddressedKey): Result<void> {
  const text = lock.keys[plainFingerprint(fingerprint)];
  const chosen = text === undefined ? undefined : chooseKey(Buffer.from(text), fingerprint, 0);
  if (chosen?.ok) return ok();
  return err({
    code: 'lock-invalid',
    kind: 'usage',
    what: `the lock does not have the key of the repository ${name}`,
    where: 'keys of mkma.lock',
    why: text === undefined ? `none with the fingerprint ${fingerprint}` : (chosen?.problem.why ?? ''),
    next: 'take the file from version control, or write it again: mkma lock --update',
  });
}

/** One key being fetched. */
class Fetching {
  constructor(
    private readonly name: string,
    private readonly key: AddressedKey,
    private readonly settings: Settings,
    private readonly context: Context,
    private readonly pauses: readonly number[],
  ) {}

  async run(): Promise<Result<void>> {
    const { settings, context, key } = this;
    const { cache } = settings;
    const known = findEntry(cache, 'key', inputsOf(key.fingerprint));
    const [kept] = known === undefined ? [] : publicKeysOf(readFileSync(join(known.path, FILE)));
    const entry = await cached(cache, {
      kind: 'key',
      inputs: inputsOf(key.fingerprint),
      // Offline, apt decides whether what an expired key signed is good.
      refresh:
        settings.offline !== true && (settings.refresh || (kept !== undefined && isExpired(kept, now()))),
      signal: context.signal,
      onWait: () => undefined,
      make: (folder) => this.make(folder),
    });
    return entry.ok ? ok() : entry;
  }

  /** Fills the folder of a cache entry; resolves to its id. */
  private async make(folder: string): Promise<Result<string>> {
    this.context.emit({ type: 'note', text: `fetching the key of the repository ${this.name}` });
    const file = await tryAgain(() => this.fetch(), this.context, this.pauses);
    if (!file.ok) return file;
    const chosen = chooseKey(file.value, this.key.fingerprint, now());
    if (!chosen.ok) return this.refuse(chosen.problem);
    const text = armour(chosen.value.bytes);
    writeFileSync(join(folder, FILE), text);
    return ok(digestInputs({ text }).slice(0, 20));
  }

  private async fetch(): Promise<Try<Buffer>> {
    const { cache, reach } = this.settings;
    const absent = { code: 'repository-key-absent', next: 'correct the url of this key' } as const;
    const wanted = { url: this.key.url, cache, reach, absent };
    const { result, answer } = await download(wanted, this.context, async (file) => ok(readFileSync(file)));
    const told = result.ok ? result : this.refuse(result.problem);
    return answer === undefined ? { result: told } : { result: told, answer };
  }

  private refuse(problem: Omit<Problem, 'what'>): Result<never> {
    return err({
      ...{ where: withoutLogins(this.key.url), field: ['repositories', this.name, 'key'] },
      ...problem,
      what: `cannot use the key of the repository ${this.name}`,
    });
  }
}

/** Seconds since the epoch. */
function now(): number {
  return Date.now() / 1000;
}
