/** A bootstrap as events, from the lines that mmdebstrap, apt and dpkg print. */
import { withoutLogins } from '../../../core/text/logins.js';
import type { Context } from '../../context.js';
import { Phases } from '../../stage.js';
import { AptLines, isAptStatus } from '../../tools/apt-progress.js';

/**
 * Steps, progress and output of a stage, out of each line. `lines` gets everything that a person may read.
 * The caller ends the last step.
 */
export function follow(stage: string, context: Context, lines: string[]) {
  const phases = new Phases(context, stage);
  const apt = new AptLines();
  phases.enter('lists');
  const onLine = (printed: string): void => {
    const line = withoutLogins(printed);
    for (const one of apt.read(line)) {
      const { path } = phases;
      if (one.type === 'phase') phases.enter(one.name);
      else if (one.type === 'downloads') context.emit({ ...one, stage });
      else context.emit({ ...one, stage, path, unit: 'items' });
    }
    if (isAptStatus(line)) return;
    lines.push(line);
    context.emit({ type: 'output', stage, path: phases.path, line: line.replace(/^I: /, '') });
  };
  return { phases, onLine };
}
