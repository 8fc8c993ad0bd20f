/** The command line of `mkma clean`. */
import { Command } from '@commander-js/extra-typings';
import { ok, type Result, usage } from '../../core/result.js';
import { confirm } from '../report/ask.js';
import { clean } from '../verbs/clean.js';
import { cacheOption, cacheSizeOption, defaultCache, outputOption, wholeNumber } from './options.js';
import { fail, type Session, show } from './session.js';

export function cleanCommand(session: Session, end: (code: number) => void) {
  return new Command('clean')
    .summary('remove what builds left, and show what that frees')
    .description(
      'Remove what killed builds left in the images folder and in the cache, and what the cache has above its ' +
        'size limit or has not used for 60 days. With --trees, --images or --unused, also what a build would ' +
        'have to make again. Layers and generations stay.',
    )
    .addOption(outputOption())
    .addOption(cacheOption())
    .addOption(cacheSizeOption())
    .option(
      '--unused <days>',
      'everything in the cache that no build used for so many days; 0: all',
      wholeNumber(0, 36_500),
    )
    .option('--trees', 'chroot/ and initramfs/ of the images folder; the images stay', false)
    .option('--images', 'the images folder: its trees, base, initramfs, kernel', false)
    .option('--discard-edits', 'remove chroot/ although it was edited by hand', false)
    .option('--dry-run', 'only show what would be removed', false)
    .option('-y, --yes', 'remove without asking', false)
    .action(async (options) => {
      const { yes, cache, ...rest } = options;
      const { caller, env, printer, context } = session;
      const asked = async (): Promise<Result<void>> => {
        if (yes) return ok();
        if (!session.interactive) return NOT_CONFIRMED;
        printer.close();
        return (await confirm('Remove them?', context.signal)) ? ok() : NOT_CONFIRMED;
      };
      const done = await clean(
        {
          ...rest,
          cache: cache ?? defaultCache(caller.root, env),
          owner: caller.owner,
          confirm: asked,
          show: (lines) => {
            for (const text of yes ? [] : lines) context.emit({ type: 'note', text });
          },
        },
        context,
      );
      end(done.ok ? show(session, done) : fail(session, done.problem));
    });
}

const NOT_CONFIRMED = usage({
  code: 'not-confirmed',
  what: 'nothing was removed: nobody confirmed it',
  next: 'answer yes when asked; in scripts, add --yes',
});
