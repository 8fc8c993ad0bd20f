/** `mkma layers`: the command line. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { Action, ChangeOptions } from '../../../core/layers/change.js';
import type { Result } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot, withImages } from '../images-folder.js';
import { type Answer, type Context, type Session, show } from '../session.js';
import { change } from './change.js';
import { blameOne, diff, list, type Place, showOne, verify } from './look.js';

interface Flags {
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;
const json = flag('one JSON document on stdout');
const word = (brief: string, placeholder: string) => ({ brief, parse: String, placeholder }) as const;
const NAME = word('name of the layer, or of its file', 'name');
const IMAGE = word('name of the layer, or of its file; or base', 'name');

/** Work that needs the images folder, which is mounted for its duration. */
function look({ machine }: Session, work: (place: Place) => Result<Answer>): Result<Answer> {
  const root = needRoot(machine, 'inspect layers');
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  return withImages(machine, record.value, 'read', (folder) =>
    work({ machine, record: record.value, folder }),
  );
}

const listCommand = buildCommand<Flags, [], Context>({
  docs: { brief: 'base and layers in the order in which they are applied' },
  parameters: { flags: { json } },
  func(flags) {
    return show(this, () => look(this, list), flags.json === true);
  },
});

const showCommand = buildCommand<Flags, [string], Context>({
  docs: { brief: 'what a layer holds and takes away, an entry a line' },
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [IMAGE] } },
  func(flags, name) {
    return show(this, () => look(this, (place) => showOne(place, name)), flags.json === true);
  },
});

const diffCommand = buildCommand<Flags, [string, string], Context>({
  docs: {
    brief: 'what differs between two layers',
    fullDescription:
      'Tell what differs between two layers. Contents are compared where both are part of this boot; otherwise size and time have to do, and that is said.',
  },
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [IMAGE, IMAGE] } },
  func(flags, a, b) {
    return show(this, () => look(this, (place) => diff(place, a, b)), flags.json === true);
  },
});

const blameCommand = buildCommand<Flags, [string], Context>({
  docs: { brief: 'which layers hold, delete or hide a path, and which of them decides' },
  parameters: {
    flags: { json },
    positional: { kind: 'tuple', parameters: [word('path, counted from /', 'path')] },
  },
  func(flags, path) {
    return show(this, () => look(this, (place) => blameOne(place, path)), flags.json === true);
  },
});

const verifyCommand = buildCommand<Flags, string[], Context>({
  docs: { brief: 'reads layers whole (all unless named) and compares them with their manifests' },
  parameters: { flags: { json }, positional: { kind: 'array', parameter: IMAGE } },
  func(flags, ...names) {
    return show(this, () => look(this, (place) => verify(place, names)), flags.json === true);
  },
});

function changeLayer(
  session: Session,
  action: Action,
  name: string,
  options: ChangeOptions = {},
): Result<Answer> {
  const { machine } = session;
  const root = needRoot(machine, `${action} a layer`);
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  return record.ok ? change(machine, record.value, action, name, options) : record;
}

const changeCommand = (action: Action, brief: string) =>
  buildCommand<Flags, [string], Context>({
    docs: { brief },
    parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [NAME] } },
    func(flags, name) {
      return show(this, () => changeLayer(this, action, name), flags.json === true);
    },
  });

const dropCommand = buildCommand<Flags & ChangeOptions, [string], Context>({
  docs: { brief: 'removes a layer for good; disabling it can be undone' },
  parameters: {
    flags: { json, force: flag('even where another layer was made after it') },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  func(flags, name) {
    const options = { force: flags.force === true };
    return show(this, () => changeLayer(this, 'drop', name, options), flags.json === true);
  },
});

export const layersRoutes = buildRouteMap({
  routes: {
    list: listCommand,
    show: showCommand,
    diff: diffCommand,
    blame: blameCommand,
    verify: verifyCommand,
    disable: changeCommand('disable', 'leaves a layer out of boots without losing it'),
    enable: changeCommand('enable', 'takes a disabled layer into boots again'),
    drop: dropCommand,
  },
  docs: { brief: 'persistence layers: list, show, diff, blame, verify, disable, enable, drop' },
});
