/** The rules of this machine, and which changes they drop. */
import { AUTO_DEFAULTS, type AutoSettings } from '../../../core/auto/settings.js';
import { DEFINED_RULES } from '../../../core/contract.js';
import { showPath } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import { ok, type Result } from '../../../core/result.js';
import { type Limits, limitText } from '../../../core/rules/limits.js';
import { joinRules, parseRules, type Rule, type RuleSet } from '../../../core/rules/rules.js';
import { ancestorsOf } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { GuestSystem } from '../../system.js';
import { Decider } from './decider.js';

/** The shipped ones, those of the definition, then those of the machine, which count most. */
const FILES = ['/usr/lib/mkma/persist.rules', DEFINED_RULES, '/etc/mkma/persist.rules'] as const;

export interface MachineRules {
  readonly decider: Decider;
  readonly limits: Limits;
  readonly auto: AutoSettings;
}

/** Without any if `ignored`. */
export function readRules(machine: GuestSystem, ignored: boolean): Result<MachineRules> {
  const sets: RuleSet[] = [];
  for (const file of ignored ? [] : FILES) {
    const text = machine.readText(file);
    if (text === undefined) continue;
    const parsed = parseRules(text, file);
    if (!parsed.ok) return parsed;
    sets.push(parsed.value);
  }
  const joined = joinRules(sets);
  if (!joined.ok) return joined;
  const { rules, limits, auto } = joined.value;
  return ok({ decider: new Decider(rules), limits, auto: { ...AUTO_DEFAULTS, ...auto } });
}

/** Changes that one rule drops. */
export interface Dropped {
  /** Why, with file and line. */
  readonly why: string;
  /** The highest paths of which everything is dropped, relative to the root. */
  readonly paths: readonly string[];
  readonly count: number;
  readonly bytes: number;
}

export interface Ruled {
  readonly kept: readonly Change[];
  readonly dropped: readonly Dropped[];
}

/**
 * Applies the rules to changes. `isExempt`: packages and accounts are kept or left by other means. What moved
 * is kept: a part of it could not be dropped alone.
 */
export function applyRules(
  { decider, limits }: MachineRules,
  changes: readonly Change[],
  isExempt: (change: Change) => boolean,
): Ruled {
  const kept: Change[] = [];
  const byReason = new Map<string, Change[]>();
  for (const change of changes) {
    const why =
      isExempt(change) || change.partOf !== undefined ? undefined : whyDropped(decider, limits, change);
    if (why === undefined) kept.push(change);
    else {
      const same = byReason.get(why);
      if (same === undefined) byReason.set(why, [change]);
      else same.push(change);
    }
  }
  return { kept, dropped: [...byReason].map(([why, all]) => summary(why, all)) };
}

function whyDropped(
  decider: Decider,
  { largestFile }: Limits,
  { path, entry, before, kind }: Change,
): string | undefined {
  if (kind === 'moved') return undefined;
  const rule = decider.decide(path, (entry?.type ?? before) === 'd');
  if (rule?.keeps === false) return `by ${ruleText(rule)}`;
  const large = largestFile !== undefined && entry?.type === 'f' && entry.size > largestFile.bytes;
  return large && rule === undefined
    ? `as larger than ${formatBytes(largestFile.bytes)} (${limitText('largest-file', largestFile)})`
    : undefined;
}

/** A rule as people find it, with its reason. */
export function ruleText({ pattern, file, line, reason }: Rule): string {
  return `${pattern} (${file}:${line}${reason === undefined ? '' : `: ${reason}`})`;
}

/** In words; `most`: number of paths that are named. */
export function droppedText({ why, paths, count, bytes }: Dropped, most: number): string {
  const more = paths.length > most ? `, and ${paths.length - most} more` : '';
  const amount = `${count} ${count === 1 ? 'change' : 'changes'}, ${formatBytes(bytes)}`;
  return `dropped ${why}: ${amount}: ${paths.slice(0, most).map(showPath).join(', ')}${more}`;
}

function summary(why: string, changes: readonly Change[]): Dropped {
  const all = new Set(changes.map(({ path }) => path));
  const paths = [...all].filter((path) => !ancestorsOf(path).some((above) => all.has(above)));
  const bytes = changes.reduce((sum, { entry }) => sum + (entry?.type === 'f' ? entry.size : 0), 0);
  return { why, paths, count: changes.length, bytes };
}
