/** Programs whose failure is an answer, such as grep's 1. */
import { err, type Result } from '../../core/result.js';
import type { Command } from './command.js';
import type { RunOptions } from './launch.js';
import { type Finished, failure, runAny } from './run.js';

/** Runs a program; an exit code of 0 or one of `answers` is a result, any other is a Problem. */
export async function askProgram(
  command: Command,
  answers: readonly number[],
  options: RunOptions = {},
): Promise<Result<Finished>> {
  const finished = await runAny(command, options);
  if (!finished.ok) return finished;
  const { exitCode } = finished.value;
  return exitCode === 0 || answers.includes(exitCode) ? finished : err(failure(command, finished.value));
}
