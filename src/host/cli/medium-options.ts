/** Options that commands which make media share. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { ok, type Result } from '../../core/result.js';
import { resolveMachine } from '../definition/resolve.js';
import { chooseMirrors } from '../mirror/mirrors.js';
import { findReach } from '../mirror/reach.js';
import { mayBuild } from '../sys/caller.js';
import { MEDIUM_TOOLS } from '../sys/packages.js';
import type { ExportOptions } from '../verbs/export/iso.js';
import { appendOf } from './boot-entry.js';
import {
  appendOption,
  cacheOption,
  configOption,
  defaultCache,
  epochOption,
  mirrorOption,
  offlineOption,
  outputOption,
  presetOption,
  proxyOption,
} from './options.js';
import type { Session } from './session.js';
import { ensureTools } from './tools.js';

const NO_LAYERS = 'none';

function layersFrom(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must name a folder, or be none.');
  return text === NO_LAYERS ? text : resolve(text);
}

/** Adds them to a command. */
export function mediumOptions<Args extends unknown[]>(command: Command<Args>) {
  return command
    .addOption(outputOption())
    .addOption(
      new Option(
        '--layers <folder>',
        'layers that go along: those in this folder, or none (default: those of the medium, on a new one of the images folder)',
      ).argParser(layersFrom),
    )
    .addOption(
      new Option('--identity <choice>', 'keep: layers with an identity go along; new: they do not')
        .choices(['keep', 'new'] as const)
        .default('keep' as const),
    )
    .addOption(appendOption())
    .addOption(configOption())
    .addOption(presetOption())
    .addOption(mirrorOption())
    .addOption(proxyOption())
    .addOption(cacheOption())
    .addOption(epochOption())
    .addOption(offlineOption())
    .option('--refresh', 'fetch boot programs again, instead of those in the cache', false)
    .option('-y, --yes', 'install missing programs without asking', false);
}

interface MediumOptions {
  readonly output: string;
  readonly layers?: string | undefined;
  readonly identity: 'keep' | 'new';
  readonly append?: string | undefined;
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
  readonly mirror?: string | undefined;
  readonly proxy?: string | undefined;
  readonly cache?: string | undefined;
  readonly sourceDateEpoch?: number | undefined;
  readonly refresh: boolean;
  readonly offline: boolean;
  readonly yes: boolean;
}

/** Their resolved values, with mirrors as for a build. Fails if a program is missing. */
export async function mediumSettings(
  session: Session,
  options: MediumOptions,
): Promise<Result<Omit<ExportOptions, 'file'>>> {
  const append = appendOf(options.append ?? '');
  if (!append.ok) return append;
  const { config, preset, output, layers, sourceDateEpoch, refresh, offline } = options;
  const resolved = await resolveMachine({ config, preset });
  if (!resolved.ok) return resolved;
  const mirrors = chooseMirrors(options.mirror ?? resolved.value.machine.mirror);
  if (!mirrors.ok) return mirrors;
  const reach = await findReach(session.env, options.proxy, session.context.signal);
  if (!reach.ok) return reach;
  const tools = await ensureTools(session, MEDIUM_TOOLS, options.yes, reach.value.variables, offline);
  if (!tools.ok) return tools;
  const { root, owner } = session.caller;
  return ok({
    ...{ output, layers, sourceDateEpoch, refresh, offline, owner, root },
    mayFetch: mayBuild(session.caller),
    ...{ append: append.value, mirrors: mirrors.value, reach: reach.value },
    identities: options.identity === 'keep',
    cache: options.cache ?? defaultCache(root, session.env),
    rootCache: defaultCache(true, session.env),
  });
}
