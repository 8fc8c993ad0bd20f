/** Errors in a definition as one problem, at the place of the first. */
import type { Problem } from '../../core/result.js';
import type { Fault, Naming } from './fault.js';
import { nameOf } from './issues.js';
import { lineOf } from './locate.js';
import type { Merged, Origin } from './merge.js';
import { whereOf } from './where.js';

/** The first error in the file as a problem, which lists the others. */
export function problemOf(faults: readonly Fault[], merged: Merged): Problem {
  const named: Naming = (path) => {
    const origin = merged.originOf(path);
    return nameOf(origin?.by === 'file' ? origin.path : path);
  };
  const placed = faults.map((fault) => {
    const origin = merged.originOf(fault.path);
    const what = typeof fault.what === 'string' ? fault.what : fault.what(named);
    return { ...fault, what, where: whereOf(origin), line: lineIn(origin) };
  });
  const [first, ...others] = placed.sort((a, b) => a.line - b.line);
  if (first === undefined) throw new Error('a definition was refused without a reason');
  const { code, what, where, next, suggestion } = first;
  const lines = others.map(
    (other) =>
      `${other.where}: ${other.what}${other.suggestion === undefined ? '' : `; did you mean ${other.suggestion}?`}`,
  );
  return {
    ...{ kind: 'usage', code, what, where, next },
    ...(others.length === 0 ? {} : { why: ['other errors:', ...lines].join('\n') }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** The line to sort by; values that are in no file come first. */
function lineIn(origin: Origin | undefined): number {
  return origin?.by === 'file' && origin.place.file !== '' ? lineOf(origin.place, origin.path) : 0;
}
