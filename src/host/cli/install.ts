/** The command line of `mkma install`. */
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { typed } from '../report/ask.js';
import { install } from '../verbs/install/install.js';
import { mediumOptions, mediumSettings } from './medium-options.js';
import { sizeOption, wholeNumber } from './options.js';
import { passphraseOf } from './passphrase.js';
import { fail, type Session, show } from './session.js';

/** The label of an ext4 file system has 16 bytes (ext4(5)); these characters need no quoting anywhere. */
function label(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$/.test(text)) return text;
  throw new InvalidArgumentError('It must have up to 16 letters, digits, dots, underscores and hyphens.');
}

export function installCommand(session: Session, end: (code: number) => void) {
  const command = new Command('install')
    .summary('put the images on a medium that boots any PC, or add them to one')
    .description(
      'Make a disk, or a new file as a disk image, a medium that boots PCs by BIOS, by UEFI and with Secure ' +
        'Boot. On a medium that mkma made, add a generation; older ones and layers stay.',
    )
    .argument('<target>', 'a disk such as /dev/sdb, a new file, or a medium of mkma');
  return mediumOptions(command)
    .addOption(sizeOption())
    .addOption(new Option('--label <label>', 'label of the file system').default('mkma').argParser(label))
    .option('--confirm <name>', 'name of the disk, such as sdb, instead of typing it when asked')
    .option('--encrypt', 'encrypt base and layers of a new medium (LUKS2); asks for a passphrase', false)
    .option('--passphrase-file <file>', 'file whose first line is the passphrase, instead of typing it')
    .addOption(
      new Option(
        '--key-memory <MiB>',
        'RAM that deriving the key takes at most (default: what cryptsetup chooses, up to 1024)',
      ).argParser(wholeNumber(1, 4096)),
    )
    .option('--fresh', 'start over on a disk that is a medium already; its layers are lost', false)
    .option('--refresh-loader', 'only renew shim and GRUB on a medium', false)
    .action(async (target, options) => {
      const settings = await mediumSettings(session, options);
      if (!settings.ok) return end(fail(session, settings.problem));
      const { size, label: named, fresh, refreshLoader, encrypt, keyMemory, passphraseFile } = options;
      const passphrase = passphraseOf(session, passphraseFile);
      const how = { encrypt, keyMemory, passphrase, passphraseGiven: passphraseFile !== undefined };
      const own = { target, size, label: named, fresh, refreshLoader, ...how, ownMounts: session.ownMounts };
      const confirm = (name: string) => confirmedBy(session, options.confirm, name);
      end(show(session, await install({ ...settings.value, ...own, confirm }, session.context)));
    });
}

/** Whether the disk's name was given, or is typed now. */
async function confirmedBy(session: Session, given: string | undefined, name: string): Promise<boolean> {
  if (given !== undefined || !session.interactive) return given === name;
  session.printer.close();
  return typed(`Type ${name} to go on:`, name, session.context.signal);
}
