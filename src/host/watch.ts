/** Follows a build: its events go to the logs of its stages as well, and are counted for its end. */
import { join } from 'node:path';
import type { Problem } from '../core/result.js';
import type { Context } from './context.js';
import { StageLogs } from './stage-logs.js';
import type { Owner } from './sys/files.js';
import { STATE } from './sys/output.js';
import { Times } from './times.js';

/** Where an output folder keeps the logs of its stages. */
function logsFolder(output: string): string {
  return join(output, STATE, 'logs');
}

/** A build that is followed. */
export interface Watched {
  /** For everything that the build does. */
  readonly context: Context;
  readonly times: Times;
  /** Names the log of the stage that failed. */
  readonly withLog: (problem: Problem) => Problem;
  readonly close: () => void;
}

/** Begins to follow a build into the folder. */
export function watch(output: string, owner: Owner | undefined, context: Context): Watched {
  const warn = (problem: Problem): void => context.emit({ type: 'warning', problem });
  const logs = new StageLogs(logsFolder(output), owner, warn);
  const times = new Times();
  return {
    context: {
      ...context,
      emit: (event) => {
        logs.note(event);
        times.note(event);
        context.emit(event);
      },
    },
    times,
    withLog: (problem) => (logs.ofFailure === undefined ? problem : { ...problem, log: logs.ofFailure }),
    close: () => logs.close(),
  };
}
