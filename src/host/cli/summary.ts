/** The command line of `mkma summary`. */
import { Command } from '@commander-js/extra-typings';
import { ok } from '../../core/result.js';
import { resolveMachine } from '../definition/resolve.js';
import { summarise } from '../verbs/summary.js';
import {
  configOption,
  formatOption,
  levelOption,
  moduleSetOption,
  presetOption,
  withoutOption,
  zramOption,
} from './options.js';
import { fail, type Session, show } from './session.js';

export function summaryCommand(session: Session, end: (code: number) => void) {
  return new Command('summary')
    .summary('show the resolved values of a definition')
    .description('Show the resolved values of a definition and where each came from. Secrets are not shown.')
    .argument('[hostname]', 'hostname, as for build')
    .addOption(configOption())
    .addOption(presetOption())
    .option('--suite <suite>', 'as for build')
    .option('--kernel <choice>', 'as for build')
    .addOption(formatOption())
    .addOption(withoutOption())
    .addOption(zramOption())
    .addOption(moduleSetOption())
    .addOption(levelOption())
    .option('--all', 'also show defaults', false)
    .action(async (hostname, options) => {
      const resolved = await resolveMachine({ ...options, hostname });
      if (!resolved.ok) return end(fail(session, resolved.problem));
      end(show(session, ok(summarise(resolved.value, options.all))));
    });
}
