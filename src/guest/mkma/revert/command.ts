/** `mkma revert`: the command line. */
import { buildCommand } from '@stricli/core';
import { showPath } from '../../../core/overlay/change-list.js';
import { type Result, usage } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot } from '../images-folder.js';
import { takeLock } from '../lock.js';
import { type Answer, type Context, type Session, show } from '../session.js';
import { checkView } from '../view.js';
import { type Reverted, revert } from './revert.js';

interface Flags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const flag = (brief: string) => ({ kind: 'boolean', brief, withNegated: false, optional: true }) as const;

export const revertCommand = buildCommand<Flags, string[], Context>({
  docs: {
    brief: 'undo changes since the last save: paths, or packages',
    fullDescription:
      'Undo changes since the last save: what was saved last comes back, what is new is removed. A folder is reverted with all that is in it, a package with its files and records. Nothing is written to the storage. Requires root.',
  },
  parameters: {
    flags: {
      dryRun: flag('only show what would be reverted'),
      json: flag('print one JSON document on stdout'),
    },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'path with a slash, or name of a package; package:NAME, account:NAME',
        parse: String,
        placeholder: 'path',
      },
    },
  },
  func(flags, ...words) {
    return show(this, () => run(this, flags, words), flags.json === true);
  },
});

function run(
  { machine, terminal }: Session,
  { dryRun = false }: Flags,
  words: readonly string[],
): Result<Answer> {
  if (words.length === 0) {
    const next = 'name a path or a package; mkma persist --all --dry-run lists changes';
    return usage({ code: 'arguments-invalid', what: 'there is nothing to revert', next });
  }
  const root = needRoot(machine, 'revert changes');
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const view = checkView(machine, record.value);
  if (!view.ok) return view;
  const lock = takeLock(machine, 'change', (line) => terminal.err(`${line}\n`));
  if (!lock.ok) return lock;
  const done = revert(machine, record.value, words, dryRun);
  if (!done.ok) return done;
  const { removed, restored, ...value } = done.value;
  const paths = { removed: removed.map(rooted), restored: restored.map(rooted) };
  return { ok: true, value: { value: { ...value, ...paths }, lines: () => lines(done.value, dryRun) } };
}

function rooted(path: string): string {
  return path === '.' ? '/' : `/${path}`;
}

function lines({ removed, restored, packages, warnings }: Reverted, dryRun: boolean): string[] {
  const listed = [
    ...removed.map((path) => `removed   ${showPath(path)}`),
    ...restored.map((path) => `restored  ${showPath(path)}`),
  ];
  const of = packages.length === 0 ? '' : ` of ${packages.join(', ')}`;
  const count = `${restored.length} restored, ${removed.length} removed${of}`;
  return [
    ...listed,
    ...warnings.map((warning) => `warning: ${warning}`),
    dryRun ? `would be reverted: ${count}` : `reverted: ${count}`,
  ];
}
