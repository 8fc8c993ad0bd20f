/** Patterns that choose: of paths, of a class, of a package or an account. */
import ignore from 'ignore';
import type { Change } from '../../../core/overlay/changes.js';
import type { Groups } from '../../../core/overlay/groups.js';
import { STATUS } from '../../../core/records/packages.js';
import type { Unit } from '../../../core/records/units.js';
import { ok, type Result, usage } from '../../../core/result.js';
import { classOfPath } from '../../../core/rules/classes.js';
import { namesUnit, parsePattern } from '../../../core/rules/pattern.js';
import { parentOf } from '../../../core/text/path.js';

/** Patterns as one. */
export interface Matcher {
  /** Whether they match a change, or a folder above it. */
  change(change: Change): boolean;
  /** Whether they match a unit: by its name or class, or the files with its records. */
  unit(unit: Unit): boolean;
  /** Whether they name it. */
  names(unit: Unit): boolean;
}

/** A pattern that begins with `!` takes back what those before it match, as in gitignore(5). */
function read(text: string): ReturnType<typeof parsePattern> {
  return text.startsWith('!') ? { of: 'paths', text } : parsePattern(text);
}

/** Checks patterns of the command line. */
export function checkPatterns(patterns: readonly string[]): Result<void> {
  for (const pattern of patterns) {
    const found = read(pattern);
    if ('wrong' in found) {
      return usage({
        code: 'pattern-invalid',
        what: pattern.trim() === '' ? 'empty pattern' : `the pattern ${pattern} chooses nothing`,
        why: found.wrong,
        next: 'give a pattern of gitignore(5), such as /etc, or class:homes, package:htop, account:anna',
      });
    }
  }
  return ok();
}

export function matcherOf(patterns: readonly string[]): Matcher {
  const all = patterns.map(read);
  const paths = ignore({ ignorecase: false }).add(
    all.flatMap((one) => ('of' in one && one.of === 'paths' ? [one.text] : [])),
  );
  const classes = new Set<string>(
    all.flatMap((one) => ('of' in one && one.of === 'class' ? [one.name] : [])),
  );
  const change = ({ path, entry, before }: Change): boolean =>
    path !== '.' &&
    (paths.ignores((entry?.type ?? before) === 'd' ? `${path}/` : path) ||
      classes.has('all') ||
      (classes.size > 0 && classes.has(classOfPath(path) ?? '')));
  const names = ({ kind, name }: Unit): boolean =>
    all.some((one) => 'of' in one && one.of === kind && namesUnit(one.name, name));
  const unit = (one: Unit): boolean => {
    const anchors = one.kind === 'package' ? [STATUS] : [...one.keys.keys()];
    const isOfClass = classes.has('all') || classes.has(`${one.kind}s`);
    return names(one) || isOfClass || anchors.some((path) => paths.ignores(path));
  };
  return { change, unit, names };
}

/**
 * A matcher of changes that takes groups as one: a group matches by its own path, or by a part if
 * `byPart`. Of a group whose folders may be left by themselves, these match as well.
 */
export function withGroupsOf(matcher: Matcher, groups: Groups, byPart: boolean): (change: Change) => boolean {
  const faces = new Map<string, boolean>();
  return (change) => {
    const group = groups.get(change.path);
    if (group === undefined) return matcher.change(change);
    const { path: face, isFolder, isLoose, changes } = group;
    let matches = faces.get(face);
    if (matches === undefined) {
      const type = isFolder ? 'd' : 'f';
      matches =
        matcher.change({ kind: 'changed', path: face, before: type }) ||
        (byPart && changes.some((one) => matcher.change(one)));
      faces.set(face, matches);
    }
    if (matches || !isLoose || byPart) return matches;
    const isFolderItself = (change.entry?.type ?? change.before) === 'd';
    const folder = isFolderItself ? change.path : parentOf(change.path);
    return matcher.change({ kind: 'changed', path: folder, before: 'd' });
  };
}
