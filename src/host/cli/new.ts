/** The command line of `mkma new`. */
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { DEFAULT_PRESET, notAMachine, PRESETS } from '../definition/presets/presets.js';
import { editorTypes } from '../reference/reference.js';
import { choose } from '../report/ask.js';
import { shellQuote } from '../sys/command.js';
import { findPublicKey } from '../sys/public-key.js';
import { writeNew } from '../verbs/new.js';
import { fail, programName, type Session, show } from './session.js';

export function newCommand(session: Session, end: (code: number) => void) {
  return new Command('new')
    .summary('write a definition to start from')
    .description(
      'Write mkma.config.ts, a definition with comments, and type declarations with which editors complete it. In a terminal, asks for the preset unless --preset names it.',
    )
    .argument('[folder]', 'folder of the definition (default: this one)')
    .option('--preset <name>', `preset to start from: ${Object.keys(PRESETS).join(', ')}`)
    .option('--force', 'replace an existing definition', false)
    .action(async (folder, { preset, force }) => {
      const names = Object.keys(PRESETS);
      if (preset !== undefined && !names.includes(preset)) {
        return end(fail(session, notAMachine(preset, `--preset ${preset}`)));
      }
      const asked =
        preset ??
        (session.interactive
          ? await choose('Which preset should it start from?', names, session.context.signal)
          : DEFAULT_PRESET);
      end(
        show(
          session,
          writeNew({
            ...{ folder: resolve(folder ?? '.'), preset: asked, force },
            ...{
              types: editorTypes(),
              program: folder === undefined ? programName(session) : absoluteName(session),
              owner: session.caller.owner,
              // Only a server accepts logins by key.
              key:
                asked === 'server'
                  ? await findPublicKey(session.caller.owner, session.context.signal)
                  : undefined,
            },
          }),
        ),
      );
    });
}

/** mkma's name as it is typed in any folder. */
function absoluteName(session: Session): string {
  const launcher = session.env.MKMA_LAUNCHER;
  return launcher?.includes('/') === true ? shellQuote(resolve(launcher)) : programName(session);
}
