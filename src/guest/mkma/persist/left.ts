/** Packages and accounts that are left unless somebody asks for them, and why. */
import type { Change } from '../../../core/overlay/changes.js';
import { dependentsOf } from '../../../core/records/dependents.js';
import { STATUS } from '../../../core/records/packages.js';
import { kernelOf, type Unit } from '../../../core/records/units.js';
import { type Problem, renderProblem } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import type { Dropped } from './apply-rules.js';
import type { Choice } from './choose.js';
import { type MachineRules, ruleText } from './rules.js';
import { matcherOf } from './select.js';
import type { Units } from './units.js';
import { olderThanNeeded } from './versions.js';

export interface Left {
  readonly unit: Unit;
  /** The rule that drops it. */
  readonly rule?: string;
  /** A warning, if none does. */
  readonly warning?: string;
}

/** Those that are left, before anybody chooses. A package is asked for by its name alone. */
export function leftUnits(
  machine: RunningSystem,
  { units, contents }: Units,
  { select }: Choice,
  { decider }: MachineRules,
): Left[] {
  const selected = matcherOf(select);
  const first = units.flatMap((unit): Left[] => {
    const { kind, name, removed, unfinished } = unit;
    const rule = decider.decideUnit(kind, name);
    if (rule?.keeps === false) return [{ unit, rule: `by ${ruleText(rule)}` }];
    if (selected.names(unit) || decider.namingUnit(kind, name)?.keeps === true) return [];
    if (kernelOf(unit) !== undefined && !removed) return [{ unit, warning: kernelNote(name) }];
    return unfinished === undefined ? [] : [{ unit, warning: unfinishedNote(name, unfinished) }];
  });
  const status = contents.get(STATUS);
  const left = new Set(first.flatMap(({ unit }) => (kernelOf(unit) === undefined ? [unit] : [])));
  const dependents =
    status === undefined
      ? []
      : [
          ...dependentsOf(units, left, status, (name, made) =>
            olderThanNeeded(machine, name, made, status.own),
          ),
        ];
  const others = dependents.flatMap(([unit, lacks]) =>
    first.some((one) => one.unit === unit)
      ? []
      : [{ unit, warning: `${unit.name} is not saved: without it is ${lacks.join(', ')}` }],
  );
  return [...first, ...others];
}

/** Kernels come from the build, and no boot would use one in a layer. */
function kernelNote(name: string): string {
  return `${name} is not saved: kernels come from the build (mkma build), and no boot would load this one`;
}

function unfinishedNote(name: string, state: string): string {
  const problem: Problem = {
    code: 'package-unfinished',
    what: `${name} is not saved`,
    why: `dpkg has not finished with it: ${state}`,
    next: `finish it (dpkg --configure --pending), or save it as it is: --select package:${name}`,
  };
  return renderProblem(problem).join('; ');
}

/** What rules drop of them, by rule. */
export function droppedUnits(left: readonly Left[], changes: readonly Change[], units: Units): Dropped[] {
  const byRule = new Map<string, Unit[]>();
  for (const { unit, rule } of left) {
    if (rule !== undefined) byRule.set(rule, [...(byRule.get(rule) ?? []), unit]);
  }
  return [...byRule].map(([why, all]) => {
    const own = new Set(all);
    const bytes = changes.reduce((sum, { path, entry }) => {
      const unit = units.members.get(path);
      return unit !== undefined && own.has(unit) && entry?.type === 'f' ? sum + entry.size : sum;
    }, 0);
    const names = all.map(({ kind, name }) => `${kind} ${name}`);
    return { why, paths: [], units: names, count: all.length, bytes };
  });
}
