/** `mkma generations` on the machine: the command line. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { BootRecord } from '../../../core/boot/record.js';
import { type Action, changeLine, planChange } from '../../../core/generations/change.js';
import { diffGenerations, generationDiffLines } from '../../../core/generations/diff.js';
import { machineName } from '../../../core/generations/entries.js';
import {
  generationLines,
  listGenerations,
  showGeneration,
  shownLines,
} from '../../../core/generations/list.js';
import {
  findGeneration,
  type Generation,
  type Generations,
  without,
} from '../../../core/generations/read.js';
import { diffTrees } from '../../../core/layers/diff.js';
import { titleOf } from '../../../core/loader/entry.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot, withStorage } from '../images-folder.js';
import { readTree } from '../layers/folder.js';
import { takeLock } from '../lock.js';
import { type Answer, type Context, type Session, show } from '../session.js';
import { bootable, dropCopies, type MenuPlace, withMenu } from './boot-device.js';
import { applyChange, type Found, openGenerations } from './folder.js';
import { updateMenus } from './menu.js';

interface Flags {
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;
const json = flag('print one JSON document on stdout');
const NUMBER = { brief: 'number of a generation', parse: String, placeholder: 'number' } as const;
const docs = (brief: string) => ({
  brief,
  fullDescription: `${brief.charAt(0).toUpperCase()}${brief.slice(1)}.`,
});

/** Reads the generations, with the storage mounted meanwhile. */
function look({ machine }: Session, work: (found: Found) => Result<Answer>): Result<Answer> {
  const root = needRoot(machine, 'inspect generations');
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  return withStorage(machine, record.value, 'read', (storage) =>
    work(openGenerations(machine, record.value, storage)),
  );
}

const listCommand = buildCommand<Flags, [], Context>({
  docs: docs('list the generations, the newest first'),
  parameters: { flags: { json } },
  func(flags) {
    const work = ({ generations }: Found): Result<Answer> => {
      const value = listGenerations(generations);
      return ok({ value, lines: () => generationLines(value) });
    };
    return show(this, () => look(this, work), flags.json === true);
  },
});

const showCommand = buildCommand<Flags, [string], Context>({
  docs: docs('print what a generation consists of'),
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [NUMBER] } },
  func(flags, number) {
    const work = ({ generations }: Found): Result<Answer> => {
      const one = findGeneration(generations, number);
      if (!one.ok) return one;
      const value = showGeneration(one.value);
      return ok({ value, lines: () => shownLines(value) });
    };
    return show(this, () => look(this, work), flags.json === true);
  },
});

const diffCommand = buildCommand<Flags & { readonly files?: boolean }, [string, string], Context>({
  docs: {
    brief: 'show what differs between two generations: packages, layers, with --files also files',
    fullDescription:
      'Show what differs between two generations: packages and layers. With --files, the bases are read as well, and files are compared by size, owner, mode and time.',
  },
  parameters: {
    flags: { json, files: flag('also compare the files of the bases, which are read for it') },
    positional: { kind: 'tuple', parameters: [NUMBER, NUMBER] },
  },
  func(flags, a, b) {
    const work = (found: Found) => diff(this, found, [a, b], flags.files === true);
    return show(this, () => look(this, work), flags.json === true);
  },
});

function diff(
  { machine }: Session,
  { generations, folder }: Found,
  numbers: readonly [string, string],
  files: boolean,
): Result<Answer> {
  const a = findGeneration(generations, numbers[0]);
  if (!a.ok) return a;
  const b = findGeneration(generations, numbers[1]);
  if (!b.ok) return b;
  const value = diffGenerations(a.value, b.value);
  if (!files || value.sameBase) return ok({ value, lines: () => generationDiffLines(value, false) });
  const treeOf = ({ number, stored, problem }: Generation) =>
    stored.base === undefined
      ? err(problem as Problem)
      : readTree(machine, `${folder}/${number}`, stored.base);
  const left = treeOf(a.value);
  if (!left.ok) return left;
  const right = treeOf(b.value);
  if (!right.ok) return right;
  const whole = {
    ...value,
    files: diffTrees(
      { name: `generation ${value.a}`, tree: left.value },
      { name: `generation ${value.b}`, tree: right.value },
    ),
  };
  return ok({ value: whole, lines: () => generationDiffLines(whole, false) });
}

function changeGeneration(session: Session, action: Action, number: string): Result<Answer> {
  const { machine } = session;
  const root = needRoot(machine, `${action} a generation`);
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const lock = takeLock(machine, 'change', (line) => session.terminal.err(`${line}\n`));
  if (!lock.ok) return lock;
  // What is refused changes nothing: not even the storage is mounted for writing.
  const looked = look(session, ({ generations }) => {
    const plan = planChange(generations, action, number);
    return plan.ok ? ok({ value: plan.value, lines: () => [] }) : plan;
  });
  if (!looked.ok) return looked;
  machine.outliveInterrupts();
  return withStorage(machine, record.value, 'write', (storage) =>
    withMenu(machine, storage, (place) =>
      changeOn(session, { record: record.value, storage, place }, action, number),
    ),
  );
}

/** What is mounted while generations are changed. */
interface Places {
  readonly record: BootRecord;
  readonly storage: string;
  readonly place: MenuPlace;
}

function changeOn(
  { machine }: Session,
  { record, storage, place }: Places,
  action: Action,
  number: string,
): Result<Answer> {
  const found = openGenerations(machine, record, storage);
  const plan = planChange(bootable(machine, found.generations, place), action, number);
  if (!plan.ok) return plan;
  const follow = (generations: Generations) =>
    updateMenus(machine, record, { storage, ...place }, bootable(machine, generations, place));
  // No entry ever names what is not there: it goes before its generation.
  const before = action === 'drop' ? follow(without(found.generations, plan.value.number)) : ok([]);
  if (!before.ok) return before;
  const copies = action === 'drop' ? dropCopies(machine, place, plan.value.number) : ok();
  if (!copies.ok) return copies;
  const done = applyChange(machine, found, plan.value);
  if (!done.ok) return done;
  const line = changeLine(plan.value);
  if (action === 'drop') {
    const value = { ...plan.value, menus: before.value };
    return ok({ value, lines: () => [line, ...before.value.map(updatedLine)] });
  }
  if (action !== 'use') return ok({ value: plan.value, lines: () => [line] });
  const now = openGenerations(machine, record, storage);
  const menus = follow(now.generations);
  if (!menus.ok) return menus;
  const value = { ...plan.value, menus: menus.value };
  return ok({ value, lines: () => [line, ...menuLines(menus.value, now.generations, record)] });
}

function updatedLine(file: string): string {
  return `updated the boot loader's menu: ${file} on the storage`;
}

/** What became of the menu, or what to do where it is elsewhere. */
function menuLines(menus: readonly string[], generations: Generations, record: BootRecord): string[] {
  if (menus.length > 0) return menus.map(updatedLine);
  const first = generations.all.find(({ isDefault }) => isDefault);
  const entry = {
    name: machineName(generations),
    generation: first === undefined ? undefined : { number: first.number, isDefault: true },
  };
  return [
    `the boot loader's menu is not on ${record.storage.asked}: on the system that has it, run`,
    '  sudo mkma boot-entry --write --output IMAGES',
    `with the folder of these images there; or choose "${titleOf(entry)}" in the menu at boot`,
  ];
}

const changeCommand = (action: Action, brief: string) =>
  buildCommand<Flags, [string], Context>({
    docs: docs(brief),
    parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [NUMBER] } },
    func(flags, number) {
      return show(this, () => changeGeneration(this, action, number), flags.json === true);
    },
  });

export const generationsRoutes = buildRouteMap({
  routes: {
    list: listCommand,
    show: showCommand,
    diff: diffCommand,
    pin: changeCommand('pin', 'keep a generation from being dropped'),
    unpin: changeCommand('unpin', 'let a generation be dropped again'),
    use: changeCommand('use', 'make a generation the default of the boot menu'),
    drop: changeCommand('drop', 'remove a generation; never the running, the default or a pinned one'),
  },
  docs: {
    brief: 'list, show, compare, pin, use or drop generations of images',
    fullDescription:
      'Inspect and change the generations on the storage device: complete sets of images beside each other. Requires root.',
  },
});
