/** The command line of `mkma export`. */
import { Command } from '@commander-js/extra-typings';
import { exportIso } from '../verbs/export/iso.js';
import { mediumOptions, mediumSettings } from './medium-options.js';
import { fail, type Session, show } from './session.js';

export function exportCommand(session: Session, end: (code: number) => void) {
  const all = new Command('export')
    .summary('make an ISO of the images')
    .description('Make other forms of the images.')
    .helpCommand(false);
  const iso = mediumOptions(
    new Command('iso')
      .summary('make a hybrid ISO, for CDs and for sticks')
      .description(
        'Make an ISO that boots PCs by BIOS, by UEFI and with Secure Boot, from CD or copied to a stick. ' +
          'It is read-only. The same images give the same bytes.',
      )
      .argument('<file>', 'a new file'),
  ).action(async (file, options) => {
    const settings = await mediumSettings(session, options);
    if (!settings.ok) return end(fail(session, settings.problem));
    end(show(session, await exportIso({ ...settings.value, file }, session.context)));
  });
  all.addCommand(iso as unknown as Command);
  return all;
}
