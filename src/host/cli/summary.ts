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
    .summary('what a definition comes to')
    .description(
      'Print the machine that a definition comes to, and where each value was said. Secrets are not shown.',
    )
    .argument('[hostname]', 'name of the machine, as for build')
    .addOption(configOption())
    .addOption(presetOption())
    .option('--suite <suite>', 'as for build')
    .option('--kernel <choice>', 'as for build')
    .addOption(formatOption())
    .addOption(withoutOption())
    .addOption(zramOption())
    .addOption(moduleSetOption())
    .addOption(levelOption())
    .option('--all', 'also what nobody has said: the defaults', false)
    .action(async (hostname, options) => {
      const resolved = await resolveMachine({ ...options, hostname });
      if (!resolved.ok) return end(fail(session, resolved.problem));
      end(show(session, ok(summarise(resolved.value, options.all))));
    });
}
