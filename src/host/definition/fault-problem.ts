/** Faults of a definition as one problem, at the place of the first. */
import type { Problem } from '../../core/result.js';
import { type Fault, nameOf } from './issues.js';
import type { Merged } from './merge.js';
import { whereOf } from './where.js';

/** The first fault in the file as a problem, which names the others. */
export function problemOf(faults: readonly Fault[], merged: Merged): Problem {
  const placed = faults.map((fault) => {
    const origin = merged.originOf(fault.path);
    // As it is counted in the file, not behind what a preset says.
    const what =
      origin?.by === 'file' ? fault.what.replace(nameOf(fault.path), nameOf(origin.path)) : fault.what;
    return { ...fault, what, where: whereOf(origin) };
  });
  const [first, ...others] = placed.sort((a, b) => lineIn(a.where) - lineIn(b.where));
  if (first === undefined) throw new Error('a definition was refused without a fault');
  const lines = others.map(({ what, where, next }) => {
    const hint = /^did you mean [^?]*\?/.exec(next)?.[0];
    return `${where}: ${what}${hint === undefined ? '' : `; ${hint}`}`;
  });
  return {
    kind: 'usage',
    what: first.what,
    where: first.where,
    ...(others.length === 0 ? {} : { why: ['there is more:', ...lines].join('\n') }),
    next: first.next,
    ...(first.code === undefined ? {} : { code: first.code }),
    ...(first.suggestion === undefined ? {} : { suggestion: first.suggestion }),
  };
}

function lineIn(where: string): number {
  return Number(/:(\d+)$/.exec(where)?.[1] ?? 0);
}
