/** The command line of `mkma lock`. */
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { resolveMachine } from '../definition/resolve.js';
import { BUILD_TOOLS } from '../sys/packages.js';
import { lock } from '../verbs/lock.js';
import { isUnnamed, placed, resolveSettings } from './build.js';
import {
  cacheOption,
  configOption,
  formatOption,
  mirrorOption,
  outputOption,
  presetOption,
  proxyOption,
  snapshotOption,
  withoutOption,
} from './options.js';
import { fail, type Session, show } from './session.js';
import { ensureTools } from './tools.js';

export function lockCommand(session: Session, end: (code: number) => void) {
  return new Command('lock')
    .summary('write mkma.lock, which names everything that a build fetches')
    .description(
      'Write mkma.lock beside the definition: versions and digests of all packages, keys and numbers of accounts. ' +
        'Builds then install exactly these. A changed definition keeps the other versions.',
    )
    .addOption(
      new Option(
        '--update [package...]',
        'take the newest versions of these packages from the mirror (default: of all)',
      ).argParser((name: string, before: true | readonly string[] | undefined) => {
        if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) throw new InvalidArgumentError('It must be a package.');
        return Array.isArray(before) ? [...before, name] : [name];
      }),
    )
    .addOption(outputOption())
    .addOption(configOption())
    .addOption(presetOption())
    .option('--suite <suite>', 'as for build')
    .option('--kernel <choice>', 'as for build')
    .addOption(mirrorOption())
    .addOption(snapshotOption())
    .addOption(proxyOption())
    .addOption(formatOption())
    .addOption(withoutOption())
    .addOption(cacheOption())
    .option('-y, --yes', 'install missing programs without asking', false)
    .action(async (options) => {
      const resolved = await resolveMachine(options);
      if (!resolved.ok) return end(fail(session, resolved.problem));
      const plain = { ...options, refresh: false, discardEdits: false, generation: false, offline: false };
      const settings = await resolveSettings(session, resolved.value, plain, 'lock');
      if (!settings.ok) return end(fail(session, settings.problem));
      const { variables } = settings.value.reach;
      const tools = await ensureTools(session, BUILD_TOOLS, options.yes, variables, false);
      if (!tools.ok) return end(fail(session, tools.problem));
      const update = options.update as true | readonly string[] | undefined;
      const unnamed = isUnnamed(resolved.value);
      const made = await lock(settings.value, { update, unnamed }, session.context);
      end(show(session, placed(made, resolved.value)));
    });
}
