/** The rules of this machine. */
import { AUTO_DEFAULTS, type AutoSettings } from '../../../core/auto/settings.js';
import { DEFINED_RULES } from '../../../core/contract.js';
import { ok, type Result } from '../../../core/result.js';
import type { Limits } from '../../../core/rules/limits.js';
import { joinRules, parseRules, type Rule, type RuleSet } from '../../../core/rules/rules.js';
import type { GuestSystem } from '../../system.js';
import { Decider } from './decider.js';

/** What mkma itself knows, also of parts of what belongs together. */
const SHIPPED = '/usr/lib/mkma/persist.rules';

/** The shipped ones, those of the definition, then those of the machine, which count most. */
const FILES = [SHIPPED, DEFINED_RULES, '/etc/mkma/persist.rules'] as const;

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

export function isShipped({ file }: Rule): boolean {
  return file === SHIPPED;
}

/** A rule as people find it, with its reason. */
export function ruleText({ pattern, file, line, reason }: Rule): string {
  return `${pattern} (${file}:${line}${reason === undefined ? '' : `: ${reason}`})`;
}
