/** Which rule decides about a path, a package or an account. */
import ignore from 'ignore';
import { classOfPath } from '../../../core/rules/classes.js';
import { namesUnit, parsePattern } from '../../../core/rules/pattern.js';
import type { Rule } from '../../../core/rules/rules.js';
import { parentOf } from '../../../core/text/path.js';

interface Candidate {
  readonly rule: Rule;
  readonly matcher: ReturnType<typeof ignore>;
  /** A part of the pattern that stands for itself; at the beginning of every match if it is anchored. */
  readonly literal: string;
  readonly anchored: boolean;
}

/**
 * Decides by the rules of several files, those of the last file counting most. A pattern counts more than a
 * class.
 */
export class Decider {
  /** Those about paths, the last one first. */
  private readonly rules: readonly Candidate[];
  /** Those that may match something directly in a folder: most files share theirs with others. */
  private readonly inFolder = new Map<string, readonly Candidate[]>();
  /** By class, the last rule about it. */
  private readonly classes = new Map<string, Rule>();
  /** About packages and accounts, the last one first. */
  private readonly units: { readonly kind: string; readonly name: string; readonly rule: Rule }[] = [];

  constructor(rules: readonly Rule[]) {
    const paths: Candidate[] = [];
    for (const rule of rules) {
      const pattern = parsePattern(rule.pattern);
      // What is no pattern is refused when rules are read.
      if ('wrong' in pattern) continue;
      if (pattern.of === 'class') {
        // One for everything is one for each class, except for that whose files copies must not share.
        const others = [...this.classes.keys()].filter((name) => name !== 'identity');
        if (pattern.name === 'all') for (const name of others) this.classes.delete(name);
        this.classes.set(pattern.name, rule);
      } else if (pattern.of === 'paths') {
        const matcher = ignore({ ignorecase: false }).add(pattern.text);
        paths.unshift({ ...literalOf(pattern.text), rule, matcher });
      } else this.units.unshift({ kind: pattern.of, name: pattern.name, rule });
    }
    this.rules = paths;
  }

  /** The rule that decides about a path, relative to the root; `undefined`: none matches. */
  decide(path: string, isFolder: boolean): Rule | undefined {
    if (path === '.') return undefined;
    const own = classOfPath(path);
    const found = this.byPattern(path, isFolder);
    // Whoever keeps a folder does not name what in it is the machine's identity.
    const keepsAll = found?.keeps === true && this.byPattern(parentOf(path), true) === found;
    return own === 'identity' && keepsAll ? this.byClass(own) : (found ?? this.byClass(own));
  }

  /** The same of patterns alone, without classes. */
  byPattern(path: string, isFolder: boolean): Rule | undefined {
    const name = isFolder ? `${path}/` : path;
    const found = this.candidates(parentOf(path)).find(
      ({ literal, anchored, matcher }) => (anchored || name.includes(literal)) && matcher.ignores(name),
    );
    return found?.rule;
  }

  /** The rule that decides about a package or an account. */
  decideUnit(kind: 'package' | 'account', name: string): Rule | undefined {
    return this.namingUnit(kind, name) ?? this.byClass(`${kind}s`);
  }

  /** The rule that names it. */
  namingUnit(kind: 'package' | 'account', name: string): Rule | undefined {
    return this.units.find((one) => one.kind === kind && namesUnit(one.name, name))?.rule;
  }

  private byClass(name: string | undefined): Rule | undefined {
    return (name === undefined ? undefined : this.classes.get(name)) ?? this.classes.get('all');
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
