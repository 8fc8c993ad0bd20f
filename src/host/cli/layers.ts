/** The command line of `mkma layers`. */
import { Command } from '@commander-js/extra-typings';
import type { Action } from '../../core/layers/change.js';
import { change, rename } from '../verbs/layers/change.js';
import { blameOne, diff, list, showOne, verify } from '../verbs/layers/look.js';
import { outputOption } from './options.js';
import { type Session, show } from './session.js';

type End = (code: number) => void;

const NAME = 'name of a layer or of its file';

/** A command with this phrase in the list of commands, and as a sentence in its own help. */
const described = (name: string, does: string) =>
  new Command(name).summary(does).description(`${does.charAt(0).toUpperCase()}${does.slice(1)}.`);

export function layersCommand(session: Session, end: End) {
  const layers = new Command('layers')
    .summary('list, show, diff, blame, verify, disable, enable, drop or rename persistence layers')
    .description('Inspect and change the persistence layers in an images folder.')
    .helpCommand(false);
  for (const add of [addList, addShow, addDiff, addBlame, addVerify]) {
    layers.addCommand(add(session, end) as unknown as Command);
  }
  layers.addCommand(
    changeOf('disable', 'leave a layer out of later boots; enable undoes this', session, end),
  );
  layers.addCommand(changeOf('enable', 'apply a disabled layer again', session, end));
  layers.addCommand(drop(session, end) as unknown as Command);
  layers.addCommand(renameCommand(session, end));
  return layers;
}

function addList(session: Session, end: End) {
  return described('list', 'list base and layers in the order in which they are applied')
    .addOption(outputOption())
    .action((options) => end(show(session, list(options.output))));
}

function addShow(session: Session, end: End) {
  return described('show', 'print what a layer contains and deletes, one entry per line')
    .argument('<name>', `${NAME}; or base`)
    .addOption(outputOption())
    .action(async (name, options) => {
      end(show(session, await showOne(options.output, name, session.context)));
    });
}

function addDiff(session: Session, end: End) {
  return described('diff', 'show the differences between two layers, contents included')
    .argument('<a>', `${NAME}; or base`)
    .argument('<b>', 'the other layer; or base')
    .addOption(outputOption())
    .action(async (a, b, options) => {
      end(show(session, await diff(options.output, [a, b], session.context)));
    });
}

function addBlame(session: Session, end: End) {
  return described(
    'blame',
    'show which layers contain, delete or hide a path, and which of them takes effect',
  )
    .argument('<path>', 'path on the machine, from /')
    .addOption(outputOption())
    .action(async (path, options) => {
      end(show(session, await blameOne(options.output, path, session.context)));
    });
}

function addVerify(session: Session, end: End) {
  return described('verify', 'read layers completely and compare them with their manifests')
    .argument('[names...]', `${NAME}; or base (default: all layers)`)
    .addOption(outputOption())
    .action(async (names, options) => {
      const done = await verify(options.output, names, session.context);
      const code = show(session, done);
      const problem = done.ok ? done.value.problem : undefined;
      // With --json, the result contains it.
      if (problem !== undefined && !session.json) session.printer.problem(problem);
      end(problem === undefined ? code : 1);
    });
}

function changeOf(action: Action, does: string, session: Session, end: End): Command {
  return described(action, does)
    .argument('<name>', NAME)
    .addOption(outputOption())
    .action((name, options) =>
      end(show(session, change(action, options.output, name))),
    ) as unknown as Command;
}

function renameCommand(session: Session, end: End): Command {
  return described('rename', 'give a layer another label; its place in the order stays')
    .argument('<name>', NAME)
    .argument('<label>', 'the new label; empty for none')
    .addOption(outputOption())
    .action((name, label, options) =>
      end(show(session, rename(options.output, name, label))),
    ) as unknown as Command;
}

function drop(session: Session, end: End) {
  return described('drop', 'remove a layer; this cannot be undone, see disable')
    .argument('<name>', NAME)
    .option('--force', 'drop it even if a later layer depends on it', false)
    .addOption(outputOption())
    .action((name, options) =>
      end(show(session, change('drop', options.output, name, { force: options.force }))),
    );
}
