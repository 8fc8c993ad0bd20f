/** The command line of `mkma generations`. */
import { Command } from '@commander-js/extra-typings';
import type { Action } from '../../core/generations/change.js';
import { add, change, diff, list, showOne } from '../verbs/generations.js';
import { outputOption } from './options.js';
import { type Session, show } from './session.js';

type End = (code: number) => void;

const NUMBER = 'number of a generation';

/** A command with this phrase in the list of commands, and as a sentence in its own help. */
const described = (name: string, does: string) =>
  new Command(name).summary(does).description(`${does.charAt(0).toUpperCase()}${does.slice(1)}.`);

export function generationsCommand(session: Session, end: End) {
  const generations = new Command('generations')
    .summary('list, show, compare, add, pin, use or drop generations of images')
    .description(
      'Inspect and change the generations in an images folder: complete sets of images beside each other. ' +
        'Boot loader entries that mkma boot-entry --write wrote follow.',
    )
    .helpCommand(false);
  for (const make of [listCommand, showCommand, diffCommand, addCommand]) {
    generations.addCommand(make(session, end) as unknown as Command);
  }
  const changes: readonly (readonly [Action, string])[] = [
    ['pin', 'keep a generation from being dropped'],
    ['unpin', 'let a generation be dropped again'],
    ['use', 'make a generation the default of the boot loader entries'],
    ['drop', 'remove a generation; never the running, the default or a pinned one'],
  ];
  for (const [action, does] of changes)
    generations.addCommand(changeCommand(action, does, session, end) as unknown as Command);
  return generations;
}

function listCommand(session: Session, end: End) {
  return described('list', 'list the generations, the newest first')
    .addOption(outputOption())
    .action((options) => end(show(session, list(options.output))));
}

function showCommand(session: Session, end: End) {
  return described('show', 'print what a generation consists of')
    .argument('<number>', NUMBER)
    .addOption(outputOption())
    .action((number, options) => end(show(session, showOne(options.output, number))));
}

function diffCommand(session: Session, end: End) {
  return described('diff', 'show what differs between two generations: packages, layers, files')
    .argument('<a>', NUMBER)
    .argument('<b>', 'number of the other one')
    .option('--files', 'print every file that differs', false)
    .addOption(outputOption())
    .action(async (a, b, { output, files }) => {
      end(show(session, await diff(output, [a, b], files, session.context)));
    });
}

function addCommand(session: Session, end: End) {
  return described('add', "make a generation of the folder's own images, as built last")
    .option('--no-layers', 'without the layers of the default generation')
    .addOption(outputOption())
    .action(async ({ output, layers }) => {
      end(show(session, await add(output, layers, session.caller.owner, session.context)));
    });
}

function changeCommand(action: Action, does: string, session: Session, end: End) {
  return described(action, does)
    .argument('<number>', NUMBER)
    .addOption(outputOption())
    .action(async (number, { output }) => {
      const { caller, context } = session;
      end(show(session, await change(output, action, number, caller.owner, context)));
    });
}
