/** Changes of generations that need no images: pin, unpin, drop, use. Planned before anything is touched. */
import { err, ok, type Problem, type Result } from '../result.js';
import { findGeneration, type Generation, type Generations } from './read.js';

export type Action = 'pin' | 'unpin' | 'drop' | 'use';

export interface GenerationChange {
  readonly action: Action;
  readonly number: number;
  /** Whether it was so already. */
  readonly already: boolean;
}

/** What an action does; a Problem where it is refused. */
export function planChange(generations: Generations, action: Action, text: string): Result<GenerationChange> {
  const found = findGeneration(generations, text);
  if (!found.ok) return found;
  const one = found.value;
  const refused = refusal(action, one);
  if (refused !== undefined) return err(refused);
  const { number } = one;
  const already = {
    pin: one.pinned,
    unpin: !one.pinned,
    drop: false,
    use: generations.chosen === number,
  }[action];
  return ok({ action, number, already });
}

function refusal(action: Action, one: Generation): Problem | undefined {
  const { number, running, isDefault, pinned, problem } = one;
  if (action === 'use' && problem !== undefined) {
    return {
      code: 'generation-incomplete',
      what: `generation ${number} cannot be booted`,
      why: [problem.what, ...(problem.why === undefined ? [] : [problem.why])].join(': '),
      next: 'use another one; mkma generations list shows them',
    };
  }
  if (action !== 'drop') return undefined;
  const held = [
    ...(running ? ['this machine runs from it'] : []),
    ...(isDefault ? ['it is the default'] : []),
    ...(pinned ? ['it is pinned'] : []),
  ];
  if (held.length === 0) return undefined;
  const next = running
    ? 'boot another one first, and drop it there'
    : [
        ...(isDefault ? ['make another one the default: mkma generations use N'] : []),
        ...(pinned ? [`mkma generations unpin ${number}`] : []),
      ].join('; ');
  return {
    code: 'generation-held',
    what: `generation ${number} is not dropped`,
    why: held.join(', and '),
    next,
  };
}

/** What was done, for people. */
export function changeLine({ action, number, already }: GenerationChange): string {
  const said: Readonly<Record<Action, readonly [string, string]>> = {
    pin: [`pinned generation ${number}`, `generation ${number} is pinned already`],
    unpin: [`unpinned generation ${number}`, `generation ${number} is not pinned`],
    drop: [`dropped generation ${number}`, ''],
    use: [`generation ${number} is the default now`, `generation ${number} is the default already`],
  };
  return said[action][already ? 1 : 0];
}
