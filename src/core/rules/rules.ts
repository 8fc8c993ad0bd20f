/** Rules that say what is kept and what is dropped, and when: patterns and settings in sections. Pure. */
import {
  AUTO_DEFAULTS,
  AUTO_TYPES,
  type AutoSettings,
  autoSettingName,
  autoSettingsOf,
  contradiction,
} from '../auto/settings.js';
import { err, ok, type Problem, type Result } from '../result.js';
import { contradict, LIMIT_TYPES, LIMITS, type Limits, limitText } from './limits.js';
import { parsePattern } from './pattern.js';
import { readSections, readSettings, type SectionLine, type WrongLine } from './sections.js';

/** One pattern. Of several that match, the last one counts. */
export interface Rule {
  readonly keeps: boolean;
  /** As written, see pattern.ts. */
  readonly pattern: string;
  /** The file that has it, and the line, counted from 1. */
  readonly file: string;
  readonly line: number;
  /** The comment above it. */
  readonly reason?: string;
}

export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  /** How the machine saves by itself, where it differs from the defaults. */
  readonly auto: Partial<AutoSettings>;
}

const SECTIONS = ['keep', 'drop', 'limits', 'auto'] as const;

/** Parses a file of rules. Everything that is wrong with it is named at once. */
export function parseRules(text: string, file: string): Result<RuleSet> {
  const { lines, wrong: first } = readSections(text, SECTIONS);
  const of = (section: (typeof SECTIONS)[number]) => lines.filter((line) => line.section === section);
  const { settings, wrong: second } = readSettings(of('limits'), LIMIT_TYPES);
  const auto = readSettings(of('auto'), AUTO_TYPES);
  const patterns = lines.filter(({ section }) => section === 'keep' || section === 'drop');
  const wrong = [...first, ...second, ...auto.wrong, ...patterns.flatMap(wrongPattern)];
  if (wrong.length > 0) return err(invalid(file, wrong));
  const rules = patterns.map(({ section, text: pattern, line, reason }) => ({
    ...{ keeps: section === 'keep', pattern, file, line },
    ...(reason === undefined ? {} : { reason }),
  }));
  const limits = Object.fromEntries(
    Object.entries(LIMITS).flatMap(([name, key]) => {
      const found = settings.get(name);
      return found === undefined ? [] : [[key, { bytes: found.value, file, line: found.line }]];
    }),
  ) as Limits;
  return ok({ rules, limits, auto: autoSettingsOf(auto.settings) });
}

function wrongPattern({ text, line }: SectionLine): WrongLine[] {
  const found = parsePattern(text);
  return 'wrong' in found ? [{ line, text, why: found.wrong }] : [];
}

/** The rules of several files, those of the last one counting most. */
export function joinRules(sets: readonly RuleSet[]): Result<RuleSet> {
  const limits: Limits = Object.assign({}, ...sets.map((one) => one.limits));
  const { largestFile, largestLayer } = limits;
  if (largestFile !== undefined && largestLayer !== undefined) {
    if (contradict(largestFile.bytes, largestLayer.bytes)) {
      return err({
        code: 'limits-contradict',
        what: 'the largest file may be larger than the largest layer',
        where: [limitText('largest-file', largestFile), limitText('largest-layer', largestLayer)].join(
          ' and ',
        ),
        next: 'change one of these lines; nothing was saved',
      });
    }
  }
  const auto: Partial<AutoSettings> = Object.assign({}, ...sets.map((one) => one.auto));
  const wrong = contradiction({ ...AUTO_DEFAULTS, ...auto });
  if (wrong !== undefined) {
    return err({
      code: 'limits-contradict',
      what: 'settings of [auto] contradict each other',
      why: wrong,
      next: 'change one of them; nothing was saved',
    });
  }
  return ok({ rules: sets.flatMap(({ rules }) => rules), limits, auto });
}

/** Rules and limits of a definition. */
export interface DefinedRules {
  readonly rules: { readonly keep: readonly string[]; readonly drop: readonly string[] };
  readonly limits: {
    readonly largestFile?: string | undefined;
    readonly largestLayer?: string | undefined;
  };
  /** Whether, and how, the machine saves by itself. */
  readonly auto: boolean | DefinedAuto;
}

/** Settings of [auto] as a definition has them. */
type DefinedAuto = { readonly [K in keyof AutoSettings]?: string | number | boolean | undefined };

/** A file with them, in which what is kept overrules what is dropped; `undefined` if there are none. */
export function renderRules({ rules: { keep, drop }, limits, auto }: DefinedRules): string | undefined {
  const bytes = Object.entries(LIMITS).flatMap(([name, key]) => {
    const value = limits[key];
    return value === undefined ? [] : [`${name} ${value}`];
  });
  const sections = [
    ['drop', drop],
    ['keep', keep],
    ['limits', bytes],
    ['auto', typeof auto === 'boolean' ? [] : settingLines(auto)],
  ] as const;
  const parts = sections.filter(([, lines]) => lines.length > 0);
  if (parts.length === 0) return undefined;
  const text = parts.map(([name, lines]) => `\n[${name}]\n${lines.map((line) => `${line}\n`).join('')}`);
  return `# From the definition of this machine. Rules of your own belong into /etc/mkma/persist.rules.\n${text.join('')}`;
}

function settingLines(auto: DefinedAuto): string[] {
  return Object.entries(auto).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const words = value === true ? 'yes' : value === false ? 'no' : value;
    return [`${autoSettingName(key as keyof AutoSettings)} ${words}`];
  });
}

function invalid(file: string, wrong: readonly WrongLine[]): Problem {
  const sorted = [...wrong].sort((a, b) => a.line - b.line);
  return {
    code: 'rules-invalid',
    what: 'invalid rules',
    where: file,
    why: sorted.map(({ line, text, why }) => `${file}:${line}: ${text}: ${why}`).join('\n'),
    next: 'correct these lines; nothing is saved by half of the rules',
  };
}
