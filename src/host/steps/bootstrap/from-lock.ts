/** A bootstrap from a lock: apt sees the packages that it names, and no others. */
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { type Lockfile, packagesOf } from '../../lockfile/schema.js';
import { keptName } from '../../lockfile/sources.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import { makeLocalRepository } from './local-repository.js';
import { lockedDebs, notInCache } from './locked-debs.js';
import type { BootstrapSettings, Part } from './part.js';

/** The name of a part in locks. */
export function lockedName(part: Pick<Part, 'stage' | 'locked'>): string {
  return part.locked ?? part.stage;
}

/** The same request with the packages of the lock as its only source. */
export async function fromLock(
  request: BootstrapRequest,
  settings: BootstrapSettings,
  lock: Lockfile,
  part: Part,
  context: Context,
  pauses: readonly number[],
): Promise<Result<BootstrapRequest>> {
  const local = await localSources(request, settings, lock, lockedName(part), context, pauses);
  return local.ok ? ok({ ...request, ...local.value }) : local;
}

/** The part without the definition's own repositories, whose packages the lock has too. */
export function withoutRepositories(part: Part): Part {
  const files = Object.entries(part.files ?? {}).filter(
    ([path]) => !path.startsWith('etc/apt/sources.list.d/'),
  );
  return { ...part, files: Object.fromEntries(files) };
}

/** Fetches a lock's packages for a part; resolves to apt's sources for them, and where they are. */
export async function localSources(
  request: BootstrapRequest,
  settings: BootstrapSettings,
  lock: Lockfile,
  part: string,
  context: Context,
  pauses: readonly number[],
): Promise<Result<Pick<BootstrapRequest, 'sources' | 'debs'>>> {
  const { temporary, suite, architecture, foreignArchitectures = [] } = request;
  const [debs, root, scratch] = ['locked', 'repository', 'fetched'].map((name) => join(temporary, name)) as [
    string,
    string,
    string,
  ];
  const packages = packagesOf(lock, part);
  const machine = { repositories: {}, ...settings.machine };
  const fetched = await lockedDebs(
    { settings: { ...settings, machine }, lock, packages, folder: debs, scratch, stage: part },
    context,
    pauses,
  );
  if (!fetched.ok) return fetched;
  const sources = await makeLocalRepository({
    ...{ packages, suite, debs, root, releases: lock.releases, signal: context.signal },
    architectures: [architecture, ...foreignArchitectures],
  });
  return sources.ok ? ok({ sources: sources.value, debs }) : sources;
}

/** Names of package files of a part that the cache does not keep. */
export async function notKept(
  cache: string,
  lock: Lockfile,
  part: Part,
  signal: AbortSignal,
): Promise<string[]> {
  const missing = await notInCache(cache, packagesOf(lock, lockedName(part)), signal);
  return missing.map((one) => keptName(one));
}

/** Problems that mean that apt wants a package which is not in the lock. */
const LACKING: readonly string[] = [
  'no-such-package',
  'no-such-version',
  'packages-unmet',
  'packages-conflict',
];

/** The problem of a bootstrap from a lock. */
export function notInLock(problem: Problem): Result<never> {
  if (!LACKING.includes(problem.code)) return err(problem);
  return err({
    code: 'lock-invalid',
    what: 'the lock does not have all packages that the machine needs',
    where: problem.where ?? 'mkma.lock',
    why: problem.why ?? problem.what,
    next: 'take the file from version control, or write it again: mkma lock --update',
    kind: 'usage',
  });
}

/** Makes sure that nothing else was installed: apt had nothing else. `list`: name and version by line. */
export function requireLocked(list: string, lock: Lockfile, part: Part): void {
  const versions = new Map(packagesOf(lock, lockedName(part)).map(({ name, version }) => [name, version]));
  // Package files of the definition are inputs by their content.
  const strict = (part.debFiles ?? []).length === 0;
  for (const line of list.split('\n')) {
    const [name = '', version = ''] = line.split(' ');
    if (name === '' || name === 'kernel') continue;
    const locked = versions.get(name.replace(/:.*/, ''));
    if (locked === undefined ? strict : locked !== version)
      throw new Error(`${name} ${version} was installed, but the lock has ${locked ?? 'none'}`);
  }
}
