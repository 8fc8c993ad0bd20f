/** Which changes rules drop. */
import { showPath } from '../../../core/overlay/change-list.js';
import type { Change } from '../../../core/overlay/changes.js';
import type { Group, Groups } from '../../../core/overlay/groups.js';
import { type Limit, limitText } from '../../../core/rules/limits.js';
import type { Rule } from '../../../core/rules/rules.js';
import { ancestorsOf, parentOf } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { Decider } from './decider.js';
import { isShipped, type MachineRules, ruleText } from './rules.js';

/** What one rule drops. */
export interface Dropped {
  /** Why, with file and line. */
  readonly why: string;
  /** The highest paths of which everything is dropped, relative to the root. */
  readonly paths: readonly string[];
  /** Packages and accounts, as `package NAME`. */
  readonly units: readonly string[];
  readonly count: number;
  readonly bytes: number;
}

interface Ruled {
  readonly kept: readonly Change[];
  readonly dropped: readonly Dropped[];
  /** About rules that cannot be obeyed. */
  readonly warnings: readonly string[];
}

/**
 * Applies the rules to changes. `isExempt`: packages and accounts are kept or left by other means. What moved
 * is kept: a part of it could not be dropped alone.
 */
export function applyRules(
  { decider, limits }: MachineRules,
  changes: readonly Change[],
  isExempt: (change: Change) => boolean,
  groups: Groups,
): Ruled {
  const kept: Decided[] = [];
  const whys = new Map<string, Change[]>();
  const warnings = new Map<string, string>();
  const large = tooLarge(limits.largestFile, groups);
  for (const change of changes) {
    const { path, entry, kind, partOf } = change;
    const group = groups.get(path);
    if (isExempt(change) || partOf !== undefined || kind === 'moved') {
      kept.push({ change, item: path, isNamed: true });
      continue;
    }
    const { rule, ignored } = ruleOf(decider, change, group);
    const isNamed = rule?.keeps === true && !rule.pattern.startsWith('class:');
    if (ignored !== undefined && group !== undefined) {
      const warning = `${ruleText(ignored)} does nothing to ${showPath(path)}, a part of the ${group.kind} ${showPath(group.path)}`;
      warnings.set(`${ignored.file}:${ignored.line} ${group.path}`, warning);
    }
    const { largestFile: limit } = limits;
    const isLarge =
      limit !== undefined &&
      (group === undefined ? entry?.type === 'f' && entry.size > limit.bytes : large.has(group.path));
    if (rule?.keeps === false) note(whys, `by ${ruleText(rule)}`, change);
    else if (isLarge && !isNamed)
      note(whys, `as larger than ${formatBytes(limit.bytes)} (${limitText('largest-file', limit)})`, change);
    else kept.push({ change, item: group?.path ?? path, isNamed });
  }
  const left = beyond(limits.largestLayer, kept, whys);
  return {
    kept: kept.flatMap(({ change, item }) => (left.has(item) ? [] : [change])),
    dropped: [...whys].map(([why, all]) => summary(why, all)),
    warnings: [...warnings.values()],
  };
}

interface Decided {
  readonly change: Change;
  /** What it is kept or dropped with. */
  readonly item: string;
  /** Whether it is kept because a pattern names it, or because rules do not apply to it. */
  readonly isNamed: boolean;
}

/**
 * The rule that decides about a change. Of a group, it is that of the whole group: of its parts, mkma's own
 * rules know what may be missing, and where folders may be left, others may drop these. `ignored`: one that
 * would tear the group.
 */
function ruleOf(
  decider: Decider,
  { path, entry, before }: Change,
  group: Group | undefined,
): { readonly rule: Rule | undefined; readonly ignored?: Rule } {
  const own = decider.decide(path, (entry?.type ?? before) === 'd');
  if (group === undefined) return { rule: own };
  const isInside = group.isLoose && path !== group.path;
  const whole = isInside
    ? decider.decide((entry?.type ?? before) === 'd' ? path : parentOf(path), true)
    : decider.decide(group.path, group.isFolder);
  if (own === whole || (own !== undefined && isShipped(own))) return { rule: own };
  return own === undefined ? { rule: whole } : { rule: whole, ignored: own };
}

/** Groups with a file that is too large. */
function tooLarge(limit: Limit | undefined, groups: Groups): Set<string> {
  const large = new Set<string>();
  if (limit === undefined) return large;
  for (const { path, changes } of new Set(groups.values()))
    if (changes.some(({ entry }) => entry?.type === 'f' && entry.size > limit.bytes)) large.add(path);
  return large;
}

/** Leaves the largest of what is kept, until the rest is within the limit. */
function beyond(
  limit: Limit | undefined,
  kept: readonly Decided[],
  whys: Map<string, Change[]>,
): ReadonlySet<string> {
  const left = new Set<string>();
  if (limit === undefined) return left;
  let total = 0;
  const sizes = new Map<string, number>();
  const named = new Set<string>();
  for (const { change, item, isNamed } of kept) {
    const bytes = bytesOf(change);
    total += bytes;
    sizes.set(item, (sizes.get(item) ?? 0) + bytes);
    if (isNamed) named.add(item);
  }
  const largest = [...sizes]
    .filter(([item, bytes]) => bytes > 0 && !named.has(item))
    .sort(([, a], [, b]) => b - a);
  for (const [item, bytes] of largest) {
    if (total <= limit.bytes) break;
    total -= bytes;
    left.add(item);
  }
  const why = `as the largest of more than ${formatBytes(limit.bytes)} (${limitText('largest-layer', limit)})`;
  for (const { change, item } of kept) if (left.has(item)) note(whys, why, change);
  return left;
}

function bytesOf({ entry, kind }: Change): number {
  return entry?.type === 'f' && kind !== 'metadata' ? entry.size : 0;
}

function note(whys: Map<string, Change[]>, why: string, change: Change): void {
  const same = whys.get(why);
  if (same === undefined) whys.set(why, [change]);
  else same.push(change);
}

/** In words; `most`: number of paths that are named. */
export function droppedText({ why, paths, units, count, bytes }: Dropped, most: number): string {
  const all = [...units, ...paths.map(showPath)];
  const more = all.length > most ? `, and ${all.length - most} more` : '';
  const amount = `${count} ${count === 1 ? 'change' : 'changes'}, ${formatBytes(bytes)}`;
  return `dropped ${why}: ${amount}: ${all.slice(0, most).join(', ')}${more}`;
}

function summary(why: string, changes: readonly Change[]): Dropped {
  const all = new Set(changes.map(({ path }) => path));
  const paths = [...all].filter((path) => !ancestorsOf(path).some((above) => all.has(above)));
  const bytes = changes.reduce((sum, { entry }) => sum + (entry?.type === 'f' ? entry.size : 0), 0);
  return { why, paths, units: [], count: changes.length, bytes };
}
