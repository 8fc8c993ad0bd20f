/** Rules that say which changes are kept and which are dropped: patterns of gitignore(5) in sections. */
import { err, ok, type Problem, type Result } from '../result.js';
import { parseBytes } from '../text/size.js';

/** One pattern. Of several that match a path, the last one counts. */
export interface Rule {
  readonly keeps: boolean;
  readonly pattern: string;
  /** The file that has it, and the line, counted from 1. */
  readonly file: string;
  readonly line: number;
  /** The comment above it. */
  readonly reason?: string;
}

/** Bytes beyond which something is dropped; absent: no limit. */
export interface Limits {
  readonly largestFile?: number;
}

export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly limits: Limits;
}

const SECTIONS = ['keep', 'drop', 'limits'] as const;
type Section = (typeof SECTIONS)[number];

/** Parses a file of rules. Everything that is wrong with it is named at once. */
export function parseRules(text: string, file: string): Result<RuleSet> {
  const rules: Rule[] = [];
  const limits: { largestFile?: number } = {};
  const wrong: string[] = [];
  let section: Section | undefined;
  let reason: string[] = [];
  for (const [i, full] of text.split('\n').entries()) {
    const line = full.trimEnd();
    const fail = (why: string): void => {
      wrong.push(`${file}:${i + 1}: ${line.trim()}: ${why}`);
    };
    if (line === '') reason = [];
    else if (line.startsWith('#')) reason.push(line.slice(1).trim());
    else if (/^\[.*\]$/.test(line) && (isSection(line.slice(1, -1)) || section === undefined)) {
      const name = line.slice(1, -1);
      if (isSection(name)) section = name;
      else fail(`no such section: they are ${SECTIONS.map((one) => `[${one}]`).join(', ')}`);
      reason = [];
    } else if (section === undefined) fail('a section comes first: [drop], [keep] or [limits]');
    else if (section === 'limits') {
      const [, name = '', value = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      const bytes = parseBytes(value);
      if (name !== 'largest-file') fail('no such limit: there is largest-file');
      else if (bytes === undefined) fail('the limit is an amount, such as 200M');
      else limits.largestFile = bytes;
    } else if (line.startsWith('!')) fail('write it in the other section instead of !');
    else {
      const found = { keeps: section === 'keep', pattern: line, file, line: i + 1 };
      rules.push(reason.length === 0 ? found : { ...found, reason: reason.join(' ') });
      reason = [];
    }
  }
  return wrong.length === 0 ? ok({ rules, limits }) : err(invalid(file, wrong));
}

function isSection(name: string): name is Section {
  return (SECTIONS as readonly string[]).includes(name);
}

function invalid(file: string, wrong: readonly string[]): Problem {
  return {
    code: 'rules-invalid',
    what: 'invalid rules',
    where: file,
    why: wrong.join('\n'),
    next: 'correct these lines; nothing is saved by half of the rules',
  };
}
