/** The command line of `mkma layers`. */
import { Command } from '@commander-js/extra-typings';
import type { Action } from '../../core/layers/change.js';
import { change } from '../verbs/layers/change.js';
import { blameOne, diff, list, showOne, verify } from '../verbs/layers/look.js';
import { outputOption } from './options.js';
import { type Session, show } from './session.js';

type End = (code: number) => void;

const NAME = 'name of the layer, or of its file';

export function layersCommand(session: Session, end: End) {
  const layers = new Command('layers')
    .summary('persistence layers: list, show, diff, blame, verify, disable, enable, drop')
    .description('Look after the persistence layers beside a base.')
    .helpCommand(false);
  for (const add of [addList, addShow, addDiff, addBlame, addVerify]) {
    layers.addCommand(add(session, end) as unknown as Command);
  }
  layers.addCommand(changeOf('disable', 'leave a layer out of boots without losing it', session, end));
  layers.addCommand(changeOf('enable', 'take a disabled layer into boots again', session, end));
  layers.addCommand(drop(session, end) as unknown as Command);
  return layers;
}

function addList(session: Session, end: End) {
  return new Command('list')
    .description('List base and layers in the order in which they are applied.')
    .addOption(outputOption())
    .action((options) => end(show(session, list(options.output))));
}

function addShow(session: Session, end: End) {
  return new Command('show')
    .description('Tell what a layer holds and takes away, an entry a line.')
    .argument('<name>', `${NAME}; or base`)
    .addOption(outputOption())
    .action(async (name, options) => {
      end(show(session, await showOne(options.output, name, session.context)));
    });
}

function addDiff(session: Session, end: End) {
  return new Command('diff')
    .description('Tell what differs between two layers; contents are compared.')
    .argument('<a>', `${NAME}; or base`)
    .argument('<b>', 'the other one')
    .addOption(outputOption())
    .action(async (a, b, options) => {
      end(show(session, await diff(options.output, [a, b], session.context)));
    });
}

function addBlame(session: Session, end: End) {
  return new Command('blame')
    .description('Tell which layers hold, delete or hide a path, and which of them decides.')
    .argument('<path>', 'path on the machine, counted from /')
    .addOption(outputOption())
    .action(async (path, options) => {
      end(show(session, await blameOne(options.output, path, session.context)));
    });
}

function addVerify(session: Session, end: End) {
  return new Command('verify')
    .description('Read layers whole, and compare them with what their manifests say.')
    .argument('[names...]', `${NAME}; or base (default: all layers)`)
    .addOption(outputOption())
    .action(async (names, options) => {
      const done = await verify(options.output, names, session.context);
      const code = show(session, done);
      const problem = done.ok ? done.value.problem : undefined;
      // Programs have it in the result.
      if (problem !== undefined && !session.json) session.printer.problem(problem);
      end(problem === undefined ? code : 1);
    });
}

function changeOf(action: Action, does: string, session: Session, end: End): Command {
  return new Command(action)
    .description(`${does[0]?.toUpperCase()}${does.slice(1)}.`)
    .argument('<name>', NAME)
    .addOption(outputOption())
    .action((name, options) =>
      end(show(session, change(action, options.output, name))),
    ) as unknown as Command;
}

function drop(session: Session, end: End) {
  return new Command('drop')
    .description('Remove a layer for good. Disabling it can be undone, this cannot.')
    .argument('<name>', NAME)
    .option('--force', 'even where another layer was made after it', false)
    .addOption(outputOption())
    .action((name, options) =>
      end(show(session, change('drop', options.output, name, { force: options.force }))),
    );
}
