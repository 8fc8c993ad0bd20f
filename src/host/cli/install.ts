/** The command line of `mkma install`. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { resolveMachine } from '../definition/resolve.js';
import { chooseMirrors } from '../mirror/mirrors.js';
import { findReach } from '../mirror/reach.js';
import { typed } from '../report/ask.js';
import { MEDIUM_TOOLS } from '../sys/packages.js';
import { install } from '../verbs/install/install.js';
import { appendOf } from './boot-entry.js';
import {
  appendOption,
  cacheOption,
  configOption,
  defaultCache,
  epochOption,
  mirrorOption,
  outputOption,
  presetOption,
  proxyOption,
  sizeOption,
} from './options.js';
import { fail, type Session, show } from './session.js';
import { ensureTools } from './tools.js';

const NO_LAYERS = 'none';

function layersFrom(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must name a folder, or be none.');
  return text === NO_LAYERS ? text : resolve(text);
}

/** The label of an ext4 file system has 16 bytes (ext4(5)); these characters need no quoting anywhere. */
function label(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,15}$/.test(text)) return text;
  throw new InvalidArgumentError('It must have up to 16 letters, digits, dots, underscores and hyphens.');
}

export function installCommand(session: Session, end: (code: number) => void) {
  return new Command('install')
    .summary('put the images on a medium that boots any PC, or add them to one')
    .description(
      'Make a disk, or a new file as a disk image, a medium that boots PCs by BIOS, by UEFI and with Secure ' +
        'Boot. On a medium that mkma made, add a generation; older ones and layers stay.',
    )
    .argument('<target>', 'a disk such as /dev/sdb, a new file, or a medium of mkma')
    .addOption(outputOption())
    .addOption(sizeOption())
    .addOption(
      new Option(
        '--layers <folder>',
        "layers that go along: those in this folder, or none (default: the medium's, on a new one those of the images folder)",
      ).argParser(layersFrom),
    )
    .addOption(
      new Option('--identity <choice>', 'keep: layers with an identity go along; new: they do not')
        .choices(['keep', 'new'] as const)
        .default('keep' as const),
    )
    .addOption(new Option('--label <label>', 'label of the file system').default('mkma').argParser(label))
    .addOption(appendOption())
    .option('--confirm <name>', 'name of the disk, such as sdb, instead of typing it when asked')
    .option('--fresh', 'start over on a disk that is a medium already; its layers are lost', false)
    .option('--refresh-loader', 'only renew shim and GRUB on a medium', false)
    .addOption(configOption())
    .addOption(presetOption())
    .addOption(mirrorOption())
    .addOption(proxyOption())
    .addOption(cacheOption())
    .addOption(epochOption())
    .option('--refresh', 'fetch boot programs again, instead of those in the cache', false)
    .option('-y, --yes', 'install missing programs without asking', false)
    .action(async (target, { identity, append: appended, confirm: named, ...options }) => {
      const append = appendOf(appended ?? '');
      if (!append.ok) return end(fail(session, append.problem));
      const resolved = await resolveMachine(options);
      if (!resolved.ok) return end(fail(session, resolved.problem));
      const mirrors = chooseMirrors(options.mirror ?? resolved.value.machine.mirror);
      if (!mirrors.ok) return end(fail(session, mirrors.problem));
      const reach = await findReach(session.env, options.proxy, session.context.signal);
      if (!reach.ok) return end(fail(session, reach.problem));
      const tools = await ensureTools(session, MEDIUM_TOOLS, options.yes, reach.value.variables);
      if (!tools.ok) return end(fail(session, tools.problem));
      const { root, owner } = session.caller;
      const given = {
        ...{ ...options, target, owner, root, ownMounts: session.ownMounts, append: append.value },
        ...{ mirrors: mirrors.value, reach: reach.value, identities: identity === 'keep' },
        cache: options.cache ?? defaultCache(root, session.env),
        rootCache: defaultCache(true, session.env),
        confirm: (name: string) => confirmedBy(session, named, name),
      };
      end(show(session, await install(given, session.context)));
    });
}

/** Whether the disk's name was given, or is typed now. */
async function confirmedBy(session: Session, given: string | undefined, name: string): Promise<boolean> {
  if (given !== undefined || !session.interactive) return given === name;
  session.printer.close();
  return typed(`Type ${name} to go on:`, name, session.context.signal);
}
