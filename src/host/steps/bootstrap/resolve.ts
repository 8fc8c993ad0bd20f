/** Asks apt which packages a part of a build needs now, and from where, without installing anything. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.js';
import { withoutLogins } from '../../../core/text/logins.js';
import type { Context } from '../../context.js';
import type { LockedPackage, LockedRelease, Lockfile } from '../../lockfile/schema.js';
import { packagesOf } from '../../lockfile/schema.js';
import { PAUSES, type Tried, tryAgain } from '../../mirror/tries.js';
import { run } from '../../sys/run.js';
import { makeScratch } from '../../sys/scratch.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import { mirrorAnswer } from '../../tools/mirror-answers.js';
import { explainBootstrap, resolveCommand } from '../../tools/mmdebstrap.js';
import {
  ANSWERS,
  parseResolved,
  parseSuites,
  type ResolvedPackage,
  type ResolvedSuite,
} from '../../tools/resolve-hooks.js';
import type { BuildSettings } from '../settings.js';
import { localSources, lockedName } from './from-lock.js';
import { keepLists } from './kept-lists.js';
import { archivesOf } from './locked-debs.js';
import type { Part } from './part.js';
import { prepare, writeFiles } from './request.js';
import { askRetryAfter } from './retry-after.js';

/** What a part needs. */
export interface Resolved {
  readonly packages: readonly Omit<LockedPackage, 'parts'>[];
  readonly releases: readonly LockedRelease[];
}

/** Versions to keep where they are possible. */
export interface Kept {
  readonly lock: Lockfile;
  /** Whether a package may get another version. */
  readonly isFree: (name: string) => boolean;
}

/** Preferences of apt for versions that are kept: above 1000 also downgrades (apt_preferences(5)). */
const PREFERENCES = 'etc/apt/preferences.d/mkma-lock';
const PRIORITY = 1001;
/** How often further packages are let go, since those to update need newer ones. */
const ROUNDS = 20;

/** Resolves a part with the newest packages, but for those that are kept. */
export async function resolvePart(
  settings: BuildSettings,
  part: Part,
  kept: Kept | undefined,
  context: Context,
  pauses: readonly number[] = PAUSES,
): Promise<Result<Resolved>> {
  const scratch = await makeScratch(join(settings.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  try {
    return await new Resolving(settings, part, kept, scratch.value.path, context, pauses).run();
  } finally {
    scratch.value.remove();
  }
}

class Resolving {
  private readonly answers: string;
  private readonly freed = new Set<string>();

  constructor(
    private readonly settings: BuildSettings,
    private readonly part: Part,
    private readonly kept: Kept | undefined,
    private readonly folder: string,
    private readonly context: Context,
    private readonly pauses: readonly number[],
  ) {
    this.answers = join(folder, 'answers');
  }

  async run(): Promise<Result<Resolved>> {
    const { settings, part, kept, folder, context, pauses } = this;
    mkdirSync(this.answers);
    const prepared = await prepare(settings, part, { folder, temporary: folder }, context);
    if (!prepared.ok) return prepared;
    const plain = prepared.value.request;
    const pinned = this.pinned();
    let request: BootstrapRequest = plain;
    if (kept !== undefined && pinned.length > 0) {
      const local = await localSources(
        plain,
        settings,
        only(kept.lock, pinned),
        lockedName(part),
        context,
        pauses,
      );
      if (!local.ok) return local;
      request = { ...plain, ...local.value };
    }
    for (let round = 0; ; round++) {
      const lines: string[] = [];
      const asked = this.withPins(request);
      const done = await tryAgain(() => this.once(asked, lines), context, pauses);
      if (done.ok) break;
      const more = round < ROUNDS ? this.unmet(lines.join('\n')) : [];
      if (more.length === 0) return done;
      for (const name of more) this.freed.add(name);
    }
    // Those of the local packages are of no use later.
    const lists =
      request.sources === undefined ? await keepLists(settings.cache, request.lists, context.signal) : ok();
    return lists.ok ? this.read() : lists;
  }

  /** Packages that keep their versions. */
  private pinned(): LockedPackage[] {
    const { kept, part } = this;
    if (kept === undefined) return [];
    const all = packagesOf(kept.lock, lockedName(part));
    return all.filter(({ name }) => !kept.isFree(name) && !this.freed.has(name));
  }

  private withPins(request: BootstrapRequest): BootstrapRequest {
    const { architecture } = this.settings;
    const text = this.pinned()
      .map(({ name, arch, version }) => {
        const of = arch === 'all' || arch === architecture ? name : `${name}:${arch}`;
        return `Package: ${of}\nPin: version ${version}\nPin-Priority: ${PRIORITY}\n`;
      })
      .join('\n');
    if (text === '' && request.files === undefined) return request;
    const files = request.files ?? join(this.folder, 'files');
    writeFiles({ [PREFERENCES]: text }, files);
    return { ...request, files };
  }

  private async once(request: BootstrapRequest, lines: string[]): Promise<Tried<Result<void>>> {
    lines.length = 0;
    const { context, part, answers } = this;
    const plain = resolveCommand(request, part.kernel);
    const command = { ...plain, env: { ...plain.env, MKMA_ENTRY: answers } };
    const done = await run(command, {
      signal: context.signal,
      onLine: (printed) => {
        const line = withoutLogins(printed);
        lines.push(line);
        context.emit({ type: 'output', stage: lockedName(part), line: line.replace(/^I: /, '') });
      },
    });
    if (done.ok) return { result: ok() };
    const output = lines.join('\n');
    const answer = mirrorAnswer(output);
    const pause = await askRetryAfter(answer, request, context.signal);
    return { result: err(explainBootstrap(output, request)), answer, retryAfter: pause };
  }

  /** Kept packages in the way of newer ones: "Depends: libfoo1 (>= 2) but 1 is to be installed". */
  private unmet(output: string): string[] {
    const { kept } = this;
    if (kept === undefined) return [];
    const pinned = new Map(this.pinned().map((one) => [one.name, one]));
    const named = [...output.matchAll(/(?:Depends|Breaks|Conflicts): ([a-z0-9][a-z0-9+.-]+)/g)].map(
      ([, name = '']) => name,
    );
    const needing = [...output.matchAll(/^ ([a-z0-9][a-z0-9+.-]+)(?::\S+)? : /gm)].map(
      ([, name = '']) => name,
    );
    const first = named.filter((name) => pinned.has(name));
    return first.length > 0 ? first : needing.filter((name) => pinned.has(name));
  }

  private read(): Result<Resolved> {
    const text = (name: keyof typeof ANSWERS): string =>
      readFileSync(join(this.answers, ANSWERS[name]), 'utf8');
    const suites = parseSuites(text('targets'), text('dates'));
    const found = parseResolved(text('uris'), text('shown'), text('madison'));
    const archives = Object.entries(archivesOf(this.settings)).map(([name, url]) => {
      return { name, url: withoutEnd(url.replace(/^file:/, 'copy:')) };
    });
    const before = packagesOf(this.kept?.lock ?? EMPTY, lockedName(this.part));
    const packages = found.flatMap((one) => this.locked(one, archives, before));
    const releases = suites.flatMap((suite) => releaseOf(suite, archives));
    return ok({ packages: unique(packages), releases });
  }

  /** A package as locks have it; none for a file of the definition. */
  private locked(
    one: ResolvedPackage,
    archives: readonly { readonly name: string; readonly url: string }[],
    before: readonly LockedPackage[],
  ): Omit<LockedPackage, 'parts'>[] {
    const { name, version, arch, url, size, sha256, required } = one;
    const old = before.find((each) => each.sha256 === sha256);
    if (old !== undefined) {
      const { parts: _, ...same } = old;
      return [same];
    }
    const archive = archives
      .filter((each) => url.startsWith(`${each.url}/`))
      .sort((a, b) => b.url.length - a.url.length)[0];
    if (archive === undefined) {
      if ((this.part.debFiles ?? []).length > 0 && /^(file|copy):/.test(url)) return [];
      throw new Error(`apt fetches ${url}, which is from no archive of the build`);
    }
    if (sha256 === '') throw new Error(`apt knows no SHA-256 of ${url}`);
    const suite = one.suites.find((each) => withoutEnd(each.archive) === archive.url)?.suite;
    const path = decodeURIComponent(url.slice(archive.url.length + 1));
    const more = required ? { required: true as const } : {};
    return [{ name, version, arch, from: archive.name, suite: suite ?? './', path, size, sha256, ...more }];
  }
}

const EMPTY = { packages: [] as LockedPackage[] } as unknown as Lockfile;

function withoutEnd(url: string): string {
  return url.replace(/\/+$/, '');
}

/** The lock with these packages alone. */
function only(lock: Lockfile, packages: readonly LockedPackage[]): Lockfile {
  return { ...lock, packages: [...packages] };
}

function releaseOf(
  { archive, suite, codename, name, date }: ResolvedSuite,
  archives: readonly { readonly name: string; readonly url: string }[],
): LockedRelease[] {
  const from = archives.find(({ url }) => url === archive);
  return from === undefined
    ? []
    : [{ from: from.name, suite, codename: codename || suite, archive: name || suite, date }];
}

function unique(packages: readonly Omit<LockedPackage, 'parts'>[]): Omit<LockedPackage, 'parts'>[] {
  return [...new Map(packages.map((one) => [one.sha256, one])).values()];
}
