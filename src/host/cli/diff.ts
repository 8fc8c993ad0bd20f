/** The command line of `mkma diff`. */
import { Command } from '@commander-js/extra-typings';
import { diff } from '../verbs/diff.js';
import { fail, type Session, show } from './session.js';

/** As diff(1): 0 the same, 1 different, 2 trouble. */
const TROUBLE = 2;

export function diffCommand(session: Session, end: (code: number) => void) {
  return new Command('diff')
    .summary('show what differs between two images or sets of images')
    .description(
      'Compare two images, or two folders of images: packages, files, modes, owners, attributes. Files of a package whose version differs are counted. ' +
        'Exits with 0 if nothing but time stamps differs, 1 if something does, and 2 in case of an error.',
    )
    .argument('<a>', 'a base, a layer, an initramfs, or a folder of images')
    .argument('<b>', 'another one')
    .option('--all', 'show every difference, however many there are', false)
    .action(async (a, b, { all }) => {
      const found = await diff({ a, b, all }, session.context);
      if (!found.ok) {
        fail(session, found.problem);
        return end(TROUBLE);
      }
      end(show(session, found, ({ same }) => !same));
    });
}
