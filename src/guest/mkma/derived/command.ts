/** `mkma make-derived`: run by mkma-derived.service where early boot left a mark. */
import { buildCommand } from '@stricli/core';
import { err, ok, type Result } from '../../../core/result.js';
import type { RunningSystem } from '../../system.js';
import { needRoot } from '../images-folder.js';
import { type Answer, type Context, show } from '../session.js';
import { type MadeDerived, makeDerived } from './make.js';

export const makeDerivedCommand = buildCommand<Record<never, never>, [], Context>({
  docs: {
    brief: 'make the linker’s cache and the like again where layers are on other images',
  },
  parameters: {},
  func() {
    return show(this, () => work(this.machine), false);
  },
});

function work(machine: RunningSystem): Result<Answer> {
  const root = needRoot(machine, 'write caches of the system');
  if (!root.ok) return root;
  const done = makeDerived(machine);
  if (done === undefined) return ok({ value: {}, lines: () => ['every layer is on what it was made on'] });
  const { failed } = done;
  if (failed.length === 0) return ok({ value: done, lines: () => lines(done) });
  return err({
    code: 'derived-failed',
    what: 'not all caches of the system could be made again',
    where: failed.map(({ name }) => name).join(', '),
    why: failed.map(({ name, why }) => `${name}: ${why}`).join('\n'),
    next: 'what they lack may not be found by programs: correct the cause, then run the tool by hand',
  });
}

function lines({ made, seconds }: MadeDerived): string[] {
  if (made.length === 0) return ['layers have nothing that caches are made from'];
  return [`made again, since layers are on other images: ${made.join(', ')}; ${seconds.toFixed(1)} s`];
}
