/** `mkma layers`: the command line. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { Action, ChangeOptions } from '../../../core/layers/change.js';
import type { Result } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot, withImages } from '../images-folder.js';
import { type Answer, type Context, type Session, show } from '../session.js';
import { change, rename } from './change.js';
import { blameOne, diff, list, type Place, showOne, verify } from './look.js';
import { mergeCommand } from './merge/command.js';
import { exportCommand, importCommand } from './transfer-command.js';

interface Flags {
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;
const json = flag('print one JSON document on stdout');
const word = (brief: string, placeholder: string) => ({ brief, parse: String, placeholder }) as const;
/** A command in the list of commands, and as a sentence in its own help. */
const docs = (brief: string) => ({
  brief,
  fullDescription: `${brief.charAt(0).toUpperCase()}${brief.slice(1)}.`,
});
const NAME = word('name of a layer or of its file', 'name');
const IMAGE = word('name of a layer or of its file; or base', 'name');

/** Work with the images folder, which is mounted only meanwhile. */
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
  docs: docs('list base and layers in the order in which they are applied'),
  parameters: { flags: { json } },
  func(flags) {
    return show(this, () => look(this, list), flags.json === true);
  },
});

const showCommand = buildCommand<Flags, [string], Context>({
  docs: docs('print what a layer contains and deletes, one entry per line'),
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [IMAGE] } },
  func(flags, name) {
    return show(this, () => look(this, (place) => showOne(place, name)), flags.json === true);
  },
});

const diffCommand = buildCommand<Flags, [string, string], Context>({
  docs: {
    brief: 'show the differences between two layers',
    fullDescription:
      'Show the differences between two layers. Contents are compared if both layers are part of this boot; otherwise sizes and times are compared, which is reported.',
  },
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [IMAGE, IMAGE] } },
  func(flags, a, b) {
    return show(this, () => look(this, (place) => diff(place, a, b)), flags.json === true);
  },
});

const blameCommand = buildCommand<Flags, [string], Context>({
  docs: docs('show which layers contain, delete or hide a path, and which of them takes effect'),
  parameters: {
    flags: { json },
    positional: { kind: 'tuple', parameters: [word('path on the machine, from /', 'path')] },
  },
  func(flags, path) {
    return show(this, () => look(this, (place) => blameOne(place, path)), flags.json === true);
  },
});

const verifyCommand = buildCommand<Flags, string[], Context>({
  docs: docs('read layers completely (default: all) and compare them with their manifests'),
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
  return record.ok ? change(session, record.value, action, name, options) : record;
}

const changeCommand = (action: Action, brief: string) =>
  buildCommand<Flags, [string], Context>({
    docs: docs(brief),
    parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [NAME] } },
    func(flags, name) {
      return show(this, () => changeLayer(this, action, name), flags.json === true);
    },
  });

const dropCommand = buildCommand<Flags & ChangeOptions, [string], Context>({
  docs: docs('remove a layer; this cannot be undone, see disable'),
  parameters: {
    flags: { json, force: flag('drop it even if a later layer depends on it') },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  func(flags, name) {
    const options = { force: flags.force === true };
    return show(this, () => changeLayer(this, 'drop', name, options), flags.json === true);
  },
});

const renameCommand = buildCommand<Flags, [string, string], Context>({
  docs: docs('give a layer another label; its place in the order stays'),
  parameters: {
    flags: { json },
    positional: { kind: 'tuple', parameters: [NAME, word('the new label; empty for none', 'label')] },
  },
  func(flags, name, label) {
    const work = (): Result<Answer> => {
      const root = needRoot(this.machine, 'rename a layer');
      if (!root.ok) return root;
      const record = readBootRecord(this.machine);
      return record.ok ? rename(this, record.value, name, label) : record;
    };
    return show(this, work, flags.json === true);
  },
});

export const layersRoutes = buildRouteMap({
  routes: {
    list: listCommand,
    show: showCommand,
    diff: diffCommand,
    blame: blameCommand,
    verify: verifyCommand,
    disable: changeCommand('disable', 'leave a layer out of later boots; enable undoes this'),
    enable: changeCommand('enable', 'apply a disabled layer again'),
    drop: dropCommand,
    rename: renameCommand,
    merge: mergeCommand,
    export: exportCommand,
    import: importCommand,
  },
  docs: {
    brief: 'list, show, merge, export or import persistence layers, and more',
    fullDescription: 'Inspect and change the persistence layers on the storage device. Requires root.',
  },
});
