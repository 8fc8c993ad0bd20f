/** A machine saves by itself, if the conditions hold: `mkma persist --auto`. */
import {
  type Amounts,
  type Condition,
  conditionsAfter,
  conditionsBefore,
  type Occasion,
} from '../../../core/auto/conditions.js';
import { AUTO_LABEL } from '../../../core/auto/merging.js';
import type { AutoSettings } from '../../../core/auto/settings.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { ok, problemLine, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { type AutoRun, readAutoState, rememberAuto } from '../auto-state.js';
import { persist } from '../persist/persist.js';
import type { Persisted } from '../persist/save.js';
import { unsettledText } from '../persist/unsettled.js';
import { markSession } from '../session-mark.js';
import { readMachineState } from './machine-state.js';
import { type AgedMerges, mergeAged } from './merge.js';

/** What it came to. */
export interface AutoSaved {
  readonly outcome: AutoRun['outcome'];
  readonly conditions: readonly Condition[];
  /** Absent if the machine did not look at its changes. */
  readonly persisted?: Persisted;
  /** What was merged of older ones. */
  readonly merged: readonly string[];
  readonly warnings: readonly string[];
}

/** Level at shutdown, where seconds count more than bytes. */
const QUICK_LEVEL = 3;

const NONE: AgedMerges = { merged: [], warnings: [] };

/** Nothing is asked, and rules alone choose. The lock is held by the caller. */
export function saveByItself(
  machine: RunningSystem,
  record: BootRecord,
  settings: AutoSettings,
  occasion: Occasion,
  tell: (line: string) => void,
): Result<AutoSaved> {
  const warnings: string[] = [];
  const mark = (more: Parameters<typeof markSession>[2]): void => {
    const marked = markSession(machine, record, more);
    if (marked.ok) rememberAuto(machine, { marked: true });
    else warnings.push(problemLine(marked.problem));
  };
  const conditions = [...conditionsBefore(settings, occasion, readMachineState(machine))];
  // From the first time on, the next boot can say that this session ended without a save.
  if (readAutoState(machine).marked !== true && occasion === 'timer') mark({ ended: 'open' });
  if (failing(conditions).length > 0) {
    if (occasion === 'shutdown') mark({ ended: 'failed', why: textOf(failing(conditions)) });
    return ok(remember(machine, { outcome: 'withheld', conditions, merged: [], warnings }));
  }
  const consider = (amounts: Amounts): boolean => {
    conditions.push(...conditionsAfter(settings, occasion, amounts));
    return failing(conditions).length === 0;
  };
  const options = {
    ...{
      all: true,
      select: [],
      deselect: [],
      dryRun: false,
      ignoreRules: false,
      expand: false,
      label: AUTO_LABEL,
      mostStill: settings.maxFreeze,
      // At shutdown it is what it is: programs have ended, and nothing is saved later.
      unsettled: occasion === 'shutdown' ? ('warn' as const) : ('leave-out' as const),
      consider,
    },
    level: occasion === 'shutdown' ? QUICK_LEVEL : undefined,
  };
  const done = persist(machine, record, options, tell);
  if (!done.ok) {
    const text = problemLine(done.problem);
    if (occasion === 'shutdown') mark({ ended: 'failed', why: text });
    rememberRun(machine, 'failed', text);
    return done;
  }
  const persisted = done.value;
  warnings.push(...persisted.unsettled.map(unsettledText));
  const outcome =
    persisted.withheld === true ? 'withheld' : persisted.layer === undefined ? 'nothing' : 'saved';
  const saved = outcome === 'withheld' ? {} : { saved: new Date(machine.now()).toISOString() };
  // A session in which nothing changed leaves no trace on the medium.
  if (outcome !== 'nothing' || readAutoState(machine).marked === true)
    mark(markOf(outcome, occasion, conditions, saved));
  // At shutdown, seconds count.
  const aged =
    occasion === 'timer' && outcome !== 'withheld' ? mergeAged(machine, record, settings, tell) : NONE;
  warnings.push(...aged.warnings);
  return ok(remember(machine, { outcome, conditions, persisted, merged: aged.merged, warnings }));
}

function markOf(
  outcome: AutoRun['outcome'],
  occasion: Occasion,
  conditions: readonly Condition[],
  saved: { readonly saved?: string },
): Parameters<typeof markSession>[2] {
  if (occasion === 'timer') return { ...saved, ended: 'open' };
  return outcome === 'withheld'
    ? { ended: 'failed', why: textOf(failing(conditions)) }
    : { ...saved, ended: 'saved' };
}

function failing(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.filter(({ holds }) => !holds);
}

export function textOf(conditions: readonly Condition[]): string {
  return conditions.map(({ text, holds }) => (holds ? text : `not met: ${text}`)).join('; ');
}

function remember(machine: RunningSystem, saved: AutoSaved): AutoSaved {
  const { outcome, conditions, persisted } = saved;
  rememberRun(machine, outcome, textOf(conditions), persisted?.layer?.layer);
  return saved;
}

function rememberRun(
  machine: RunningSystem,
  outcome: AutoRun['outcome'],
  text: string,
  layer?: string,
): void {
  const uptime = machine.uptime();
  const at = new Date(machine.now()).toISOString();
  const done = outcome === 'saved' || outcome === 'nothing';
  const last = { at, uptime, outcome, text, ...(layer === undefined ? {} : { layer }) };
  rememberAuto(machine, { ...(done ? { savedAt: uptime } : {}), last });
}
