/** Prepares a request to mmdebstrap: files in a scratch folder, how mirrors are reached, kept lists. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ok, type Result } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { componentsOf } from '../../customise/sources.js';
import { ELSEWHERE } from '../../definition/elsewhere.js';
import { renderReach } from '../../mirror/reach.js';
import type { BootstrapRequest } from '../../tools/bootstrap-request.js';
import {
  type MissingFiles,
  offlineMethod,
  offlineSettings,
  parseMissing,
} from '../../tools/offline-method.js';
import { listPrefix, type Release } from '../../tools/release-file.js';
import { bringLists } from './kept-lists.js';
import { type BootstrapSettings, type Part, TREE } from './part.js';

/** A request, and what is known before it is made. */
export interface Prepared {
  readonly request: BootstrapRequest;
  /** The kept lists that it begins with. */
  readonly releases: readonly Release[];
}

/** Files of a scratch folder. */
const RECORD = 'missing';

/** Prepares to make an entry in `folder`, in the scratch folder `temporary`. */
export async function prepare(
  settings: BootstrapSettings,
  part: Part,
  { folder, temporary }: { readonly folder: string; readonly temporary: string },
  context: Context,
): Promise<Result<Prepared>> {
  const { cache, mirrors, offline = false, lock } = settings;
  const [lists, kept, debs] = [join(temporary, 'lists'), join(temporary, 'kept'), join(cache, 'debs')];
  for (const each of [lists, kept]) mkdirSync(each);
  mkdirSync(debs, { recursive: true });
  const uris = Object.values(part.files ?? {}).flatMap((text) => /^URIs: (\S+)$/m.exec(text)?.[1] ?? []);
  const bring = () =>
    bringLists(cache, offline ? kept : lists, {
      prefixes: [mirrors.main, mirrors.security, ...uris].map(listPrefix),
      signal: context.signal,
      warn: (problem) => context.emit({ type: 'warning', problem }),
    });
  // What a lock names is fetched without lists.
  const releases = lock === undefined ? await bring() : ok([]);
  if (!releases.ok) return releases;
  const reach = writeReach(settings, temporary);
  if (offline) {
    const method = join(temporary, 'offline-method');
    const text = offlineMethod({ lists: kept, debs, missing: join(temporary, RECORD) });
    writeFileSync(method, text, { mode: 0o755 });
    writeFileSync(reach, offlineSettings(method), { flag: 'a' });
  }
  const request: BootstrapRequest = {
    ...part,
    files: writeFiles(part.files ?? {}, join(temporary, 'files')),
    suite: part.suite ?? settings.machine.suite,
    architecture: settings.architecture,
    components: componentsOf(settings.machine),
    mirror: mirrors.main,
    securityMirror: mirrors.security,
    elsewhere: ELSEWHERE,
    debs,
    lists,
    reach,
    fetching: settings.reach.variables,
    target: join(folder, TREE),
    temporary,
    sourceDateEpoch: settings.sourceDateEpoch,
    offline,
  };
  return ok({ request, releases: releases.value });
}

/** What was not kept, as the method for offline builds recorded it in the scratch folder. */
export function missingIn(temporary: string): MissingFiles {
  const file = join(temporary, RECORD);
  return parseMissing(existsSync(file) ? readFileSync(file, 'utf8') : '');
}

/**
 * How mirrors are reached, as files for apt that only root can read; resolves to the path of the apt.conf(5).
 */
function writeReach({ reach, mirrors }: BootstrapSettings, folder: string): string {
  const [conf, auth] = [join(folder, 'reach.conf'), join(folder, 'reach.auth')];
  const text = renderReach(reach, auth, mirrors.logins);
  writeFileSync(conf, text.conf, { mode: 0o600 });
  writeFileSync(auth, text.auth, { mode: 0o600 });
  return conf;
}

/** Writes the files to a folder; `undefined`: there are none. */
export function writeFiles(files: Readonly<Record<string, string>>, folder: string): string | undefined {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return Object.keys(files).length === 0 ? undefined : folder;
}
