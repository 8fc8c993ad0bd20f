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
      'Write mkma.config.ts, a definition with comments, and what an editor needs to complete it. Asks for the preset where none is named and somebody is there to be asked.',
    )
    .argument('[folder]', 'where to (default: here)')
    .option('--preset <name>', `what it builds upon: ${Object.keys(PRESETS).join(', ')}`)
    .option('--force', 'replace a definition that is there', false)
    .action(async (folder, { preset, force }) => {
      const names = Object.keys(PRESETS);
      if (preset !== undefined && !names.includes(preset)) {
        return end(fail(session, notAMachine(preset, `--preset ${preset}`)));
      }
      const asked =
        preset ??
        (session.interactive
          ? await choose('What is it to build upon?', names, session.context.signal)
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
              // Only a server lets anybody in by key.
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

/** mkma's name as it is right in another folder as well. */
function absoluteName(session: Session): string {
  const launcher = session.env.MKMA_LAUNCHER;
  return launcher?.includes('/') === true ? shellQuote(resolve(launcher)) : programName(session);
}
