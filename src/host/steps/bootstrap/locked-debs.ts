/**
 * The package files that a lock names, by their digests: from those that are kept, else from their mirror,
 * else from Debian's archive of snapshots. Never others.
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { withoutLogins } from '../../../core/text/logins.js';
import type { Context } from '../../context.js';
import type { LockedPackage, Lockfile } from '../../lockfile/schema.js';
import { type Archives, addressIn, keptName, snapshotPlaces } from '../../lockfile/sources.js';
import { renderReach } from '../../mirror/reach.js';
import { PAUSES, type Tried, tryAgain } from '../../mirror/tries.js';
import { sha256Of } from '../../sys/digest.js';
import { publishFile } from '../../sys/files.js';
import { run } from '../../sys/run.js';
import { type Download, downloadCommand, retryAfter } from '../../tools/apt-helper.js';
import { explainAnswer, type MirrorAnswer, mayPass, mirrorAnswers } from '../../tools/mirror-answers.js';
import { Lacking } from '../lacking.js';
import type { BuildSettings } from '../settings.js';

/** Debian's own archive of snapshots. */
const SNAPSHOT_ARCHIVE = 'https://snapshot.debian.org';
/** Files of one call. */
const CHUNK = 100;

export type FetchSettings = Pick<BuildSettings, 'mirrors' | 'reach' | 'cache' | 'snapshot' | 'offline'> & {
  readonly machine: Pick<BuildSettings['machine'], 'repositories'>;
};

/** The addresses of the archives that a lock may name. */
export function archivesOf({ mirrors, machine }: Pick<FetchSettings, 'mirrors' | 'machine'>): Archives {
  const own = Object.entries(machine.repositories).map(([name, { uri }]) => [name, uri] as const);
  return { ...Object.fromEntries(own), main: mirrors.main, security: mirrors.security };
}

/**
 * Puts the packages of a lock into `folder`, verified, named as apt names them. `scratch`: a folder for
 * temporary files; both on the file system of the cache.
 */
export async function lockedDebs(
  request: {
    readonly settings: FetchSettings;
    readonly lock: Pick<Lockfile, 'releases'>;
    readonly packages: readonly LockedPackage[];
    readonly folder: string;
    readonly scratch: string;
    readonly stage: string;
  },
  context: Context,
  pauses: readonly number[] = PAUSES,
): Promise<Result<void>> {
  const { settings, packages, folder, scratch } = request;
  const kept = join(settings.cache, 'debs');
  for (const each of [kept, folder, scratch]) mkdirSync(each, { recursive: true });
  const missing = await notInCache(settings.cache, packages, context.signal);
  if (settings.offline === true && missing.length > 0) {
    const lacking = new Lacking();
    lacking.add(request.stage, { lists: [], packages: missing.map((one) => keptName(one)) });
    return lacking.result(settings.cache);
  }
  const fetching = new Fetching(settings, kept, scratch, request.stage, context, pauses);
  const fetched = await fetching.all(missing, request.lock);
  if (!fetched.ok) return fetched;
  for (const one of packages) {
    const to = join(folder, keptName(one));
    if (!existsSync(to)) linkOrCopy(join(kept, keptName(one)), to);
  }
  return ok();
}

/** The packages that are not kept with the content that the lock names. Those that are count as used now. */
export async function notInCache(
  cache: string,
  packages: readonly LockedPackage[],
  signal: AbortSignal,
): Promise<LockedPackage[]> {
  const missing: LockedPackage[] = [];
  for (const one of packages) {
    const file = join(cache, 'debs', keptName(one));
    if (existsSync(file) && (await sha256Of(file, { signal })) === one.sha256) markUsed(file);
    else missing.push(one);
  }
  return missing;
}

/** Another user's file cannot be marked, nor linked (proc(5), protected_hardlinks). */
function markUsed(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
    copyFileSync(from, to);
  }
}

class Fetching {
  private readonly archives: Archives;
  /** What each place answered that does not have a file, by the file's name. */
  private readonly answers = new Map<string, string[]>();

  constructor(
    private readonly settings: FetchSettings,
    private readonly kept: string,
    private readonly scratch: string,
    private readonly stage: string,
    private readonly context: Context,
    private readonly pauses: readonly number[],
  ) {
    this.archives = archivesOf(settings);
  }

  async all(packages: readonly LockedPackage[], lock: Pick<Lockfile, 'releases'>): Promise<Result<void>> {
    for (const one of packages) {
      if (addressIn(this.archives, one) === undefined) return err(noArchive(one));
    }
    for (let i = 0; i < packages.length; i += CHUNK) {
      const chunk = packages.slice(i, i + CHUNK);
      const { context, stage } = this;
      context.emit({ type: 'output', stage, line: `fetching ${packages.length - i} packages of the lock` });
      const done = await this.fetch(
        chunk.map((one) => [one, addressIn(this.archives, one) as string] as const),
      );
      if (!done.ok) return done;
    }
    const gone = packages.filter((one) => !this.isThere(one));
    for (const one of gone) {
      const found = await this.fromSnapshots(one, lock);
      if (!found.ok) return found;
    }
    return ok();
  }

  /** One file at a time over one connection, for the sake of a service that many use. */
  private async fromSnapshots(one: LockedPackage, lock: Pick<Lockfile, 'releases'>): Promise<Result<void>> {
    const { context, settings } = this;
    const places = snapshotPlaces(settings.snapshot ?? SNAPSHOT_ARCHIVE, lock, one);
    for (const { url } of places) {
      const text = `the mirror no longer has ${one.name} ${one.version}: asking the archive of snapshots`;
      if (url === places[0]?.url) context.emit({ type: 'note', text });
      const done = await this.fetch([[one, url]]);
      if (!done.ok) return done;
      if (this.isThere(one)) return ok();
    }
    return err(this.gone(one));
  }

  private isThere(one: LockedPackage): boolean {
    return !this.answers.has(keptName(one)) || existsSync(this.marker(one));
  }

  /** Marks what this run has fetched: a file of that name may have been kept with other content. */
  private marker(one: LockedPackage): string {
    return join(this.scratch, `${keptName(one)}.fetched`);
  }

  /** Fetches what these addresses have. Fails if one does not answer. */
  private fetch(wanted: readonly (readonly [LockedPackage, string])[]): Promise<Result<void>> {
    let left = wanted;
    const once = async (): Promise<Tried<Result<void>>> => {
      const { failed, output, problem } = await this.download(left);
      if (problem !== undefined) return { result: err(problem) };
      const answers = mirrorAnswers(output);
      const answerOf = (url: string): MirrorAnswer | undefined => {
        const plain = withoutLogins(url);
        return answers.find((one) => one.url === plain || decodeURI(one.url) === plain);
      };
      const lacking = failed.map((each) => ({ each, answer: answerOf(each[1]) ?? answers[0] }));
      for (const { each, answer } of lacking) this.note(each, answer);
      // What a mirror does not have, or has with other content, is looked for elsewhere.
      const temporary = lacking.filter(({ answer }) => answer !== undefined && !isLacking(answer));
      left = temporary.map(({ each }) => each);
      const [first] = temporary;
      if (first?.answer === undefined) return { result: ok() };
      const answer = { ...first.answer, others: temporary.length - 1 };
      const pause = retryAfter(output, Date.now());
      const asked = pause === undefined ? '' : `\nit asks to wait ${pause} seconds`;
      const { why, ...explained } = explainAnswer(answer);
      const what = 'cannot fetch the packages of the lock';
      return { result: err({ what, ...explained, why: why + asked }), answer, retryAfter: pause };
    };
    return left.length === 0 ? Promise.resolve(ok()) : tryAgain(once, this.context, this.pauses);
  }

  private note([one, url]: readonly [LockedPackage, string], answer: MirrorAnswer | undefined): void {
    const name = keptName(one);
    const said = `${withoutLogins(url)}: ${answer?.words ?? 'not fetched'}`;
    this.answers.set(name, [...(this.answers.get(name) ?? []), said]);
  }

  /** Asks once; resolves to what was not fetched. */
  private async download(wanted: readonly (readonly [LockedPackage, string])[]) {
    const { settings, scratch, context } = this;
    const [conf, auth] = [join(scratch, 'fetch.conf'), join(scratch, 'fetch.auth')];
    const text = renderReach(settings.reach, auth, settings.mirrors.logins);
    writeFileSync(conf, text.conf, { mode: 0o600 });
    writeFileSync(auth, text.auth, { mode: 0o600 });
    const downloads = wanted.map(([one, url]): Download & { readonly one: LockedPackage } => {
      return { one, url, file: join(scratch, keptName(one)), sha256: one.sha256 };
    });
    // Traced for Retry-After, so its output is never shown.
    const lines: string[] = [];
    const command = downloadCommand(downloads, conf, settings.reach.variables, true);
    const onLine = (line: string): void => void lines.push(line);
    const done = await run(command, { signal: context.signal, onLine });
    const failed: (readonly [LockedPackage, string])[] = [];
    for (const { one, url, file } of downloads) {
      rmSync(`${file}.FAILED`, { force: true });
      if (!existsSync(file)) failed.push([one, url]);
      else {
        publishFile(file, join(this.kept, keptName(one)));
        writeFileSync(this.marker(one), '');
      }
    }
    const output = lines.join('\n');
    if (done.ok || mirrorAnswers(output).length > 0) return { failed, output };
    // The rest of what it printed has headers with logins.
    const why = lines.filter((line) => /^[EW]: /.test(line)).join('\n');
    return { failed, output, problem: { ...done.problem, why: withoutLogins(why) } };
  }

  private gone({ name, version, from }: LockedPackage): Problem {
    const asked = [...this.answers.entries()].find(([file]) => file.startsWith(`${name}_`))?.[1] ?? [];
    const elsewhere =
      from === 'main' || from === 'security' ? '' : '\nthe archive of snapshots has none of this repository';
    return {
      code: 'locked-package-gone',
      what: `nobody has ${name} ${version} any more`,
      where: `package ${name} of mkma.lock`,
      why: `looked for its digest in the cache and at\n${asked.join('\n')}${elsewhere}`,
      next: `lock the version that the mirror has now: mkma lock --update ${name}`,
    };
  }
}

function isLacking(answer: MirrorAnswer): boolean {
  return mayPass(answer) ? answer.kind === 'absent' || answer.kind === 'wrong' : false;
}

function noArchive({ name, from }: LockedPackage): Problem {
  return {
    code: 'lock-invalid',
    what: 'the lock names a package source that the definition does not have',
    where: `package ${name}`,
    why: `it is from ${from}`,
    next: 'take the file from version control, or write it again: mkma lock --update',
    kind: 'usage',
  };
}
