/** Which rule decides about a path. */
import ignore from 'ignore';
import type { Rule } from '../../../core/rules/rules.js';
import { parentOf } from '../../../core/text/path.js';

interface Candidate {
  readonly rule: Rule;
  readonly matcher: ReturnType<typeof ignore>;
  /** A part of the pattern that stands for itself; at the beginning of every match if it is anchored. */
  readonly literal: string;
  readonly anchored: boolean;
}

/** Decides by the rules of several files, those of the last file counting most. */
export class Decider {
  /** The last rule first. */
  private readonly rules: readonly Candidate[];
  /** Those that may match something directly in a folder: most files share theirs with others. */
  private readonly inFolder = new Map<string, readonly Candidate[]>();

  constructor(rules: readonly Rule[]) {
    this.rules = rules
      .map((rule) => ({
        ...literalOf(rule.pattern),
        rule,
        matcher: ignore({ ignorecase: false }).add(rule.pattern),
      }))
      .reverse();
  }

  /** The rule that decides about a path, relative to the root; `undefined`: none matches. */
  decide(path: string, isFolder: boolean): Rule | undefined {
    if (path === '.') return undefined;
    const name = isFolder ? `${path}/` : path;
    const found = this.candidates(parentOf(path)).find(
      ({ literal, anchored, matcher }) => (anchored || name.includes(literal)) && matcher.ignores(name),
    );
    return found?.rule;
  }

  private candidates(folder: string): readonly Candidate[] {
    const known = this.inFolder.get(folder);
    if (known !== undefined) return known;
    const start = folder === '.' ? '' : `${folder}/`;
    const found = this.rules.filter(
      ({ literal, anchored }) => !anchored || start.startsWith(literal) || literal.startsWith(start),
    );
    this.inFolder.set(folder, found);
    return found;
  }
}

/**
 * What every match begins with, of a pattern that is bound to the root, which gitignore(5) says of one with a
 * slash before its end; otherwise its longest part that stands for itself.
 */
function literalOf(pattern: string): Pick<Candidate, 'literal' | 'anchored'> {
  const parts = pattern.replace(/^\//, '').split(/\*\*\/|[*?[\]\\]+/);
  const anchored = /\/./.test(pattern) && !pattern.startsWith('**/');
  if (anchored) return { literal: parts[0] ?? '', anchored };
  // What is in brackets stands for one of several.
  if (/[[\]\\]/.test(pattern)) return { literal: '', anchored };
  const longest = parts.reduce((most, part) => (part.length > most.length ? part : most), '');
  return { literal: longest.replace(/\/$/, ''), anchored };
}
