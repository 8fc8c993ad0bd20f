/** `mkma persist --auto`: the conditions, the save, and what is printed of them. */
import type { Occasion } from '../../../core/auto/conditions.js';
import { ok, type Result } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import { needRoot } from '../images-folder.js';
import { takeLock } from '../lock.js';
import { readRules } from '../persist/rules.js';
import type { Answer, Session } from '../session.js';
import { checkView } from '../view.js';
import { type AutoSaved, saveByItself, textOf } from './save.js';

export function autoPersist(session: Session, occasion: Occasion, json: boolean): Result<Answer> {
  const { machine, terminal } = session;
  const root = needRoot(machine, 'save changes');
  if (!root.ok) return root;
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const view = checkView(machine, record.value);
  if (!view.ok) return view;
  const rules = readRules(machine, false);
  if (!rules.ok) return rules;
  const tell = (line: string): void => (json ? undefined : terminal.err(`${line}\n`));
  // At shutdown there is no later chance.
  const lock = takeLock(machine, occasion === 'timer' ? 'auto' : 'change', tell);
  if (!lock.ok) return lock;
  const done = saveByItself(machine, record.value, rules.value.auto, occasion, tell);
  if (!done.ok) return done;
  return ok({ value: asJson(done.value), lines: () => lines(done.value) });
}

function asJson({ outcome, conditions, persisted, merged, warnings }: AutoSaved): unknown {
  const { layer, withheld: _, changes = [], units = [], dropped = [] } = persisted ?? {};
  const counts = { changes: changes.length, units: units.length };
  return {
    ...{ outcome, conditions, ...counts, merged },
    ...(layer === undefined ? {} : { layer }),
    dropped: dropped.map(({ why, count, bytes }) => ({ why, count, bytes })),
    warnings: [...warnings, ...(persisted?.warnings ?? [])],
  };
}

function lines({ outcome, conditions, persisted, merged, warnings }: AutoSaved): string[] {
  const notes = [...warnings, ...(persisted?.warnings ?? [])].map((warning) => `warning: ${warning}`);
  const why = textOf(conditions);
  const { layer, changes = [], units = [] } = persisted ?? {};
  if (layer !== undefined) {
    return [...notes, `saved ${changes.length + units.length} changes as ${layer.file}: ${why}`, ...merged];
  }
  return [...notes, `${outcome === 'nothing' ? 'nothing to save' : 'not saved'}: ${why}`, ...merged];
}
