/** Pipelines, run side by side. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import type * as std from 'std';
import type { PartResult, Pipeline } from '../machine.js';
import { drain, exitCode, scratch } from './streams.js';

/** A pipeline on its way: parts by process id, and those that have ended. */
interface Job {
  readonly index: number;
  readonly argvs: readonly (readonly string[])[];
  readonly errors: readonly std.File[];
  readonly codes: (number | undefined)[];
}

export function pipelines(
  list: Iterable<Pipeline>,
  limit: number,
  onEnd: (index: number, parts: readonly PartResult[]) => boolean,
): void {
  const running = new Map<number, { readonly job: Job; readonly part: number }>();
  const waiting = list[Symbol.iterator]();
  let index = 0;
  let active = 0;
  let go = true;
  for (;;) {
    while (go && active < Math.max(1, limit)) {
      const next = waiting.next();
      if (next.done === true) break;
      startJob(index++, next.value, running);
      active++;
    }
    if (active === 0) return;
    const [pid, status] = os.waitpid(-1, 0);
    if (pid < 0) throw new Error(`waitpid failed: errno ${-pid}`);
    const found = running.get(pid);
    if (found === undefined) continue;
    running.delete(pid);
    const { job, part } = found;
    job.codes[part] = exitCode(status);
    if (job.codes.includes(undefined)) continue;
    active--;
    const parts = job.argvs.map((argv, i) => ({
      argv,
      code: job.codes[i] ?? 127,
      stderr: drain(job.errors[i] as std.File),
    }));
    if (!onEnd(job.index, parts)) go = false;
  }
}

/** Start every part. The parent keeps no end of a pipe, so that each part sees its neighbour's end. */
function startJob(
  index: number,
  pipeline: Pipeline,
  running: Map<number, { readonly job: Job; readonly part: number }>,
): void {
  const { parts, cwd } = pipeline;
  const job: Job = {
    index,
    argvs: parts,
    errors: parts.map(() => scratch()),
    codes: parts.map(() => undefined),
  };
  const nothing = scratch();
  let input = nothing.fileno();
  parts.forEach((argv, part) => {
    const pipe = part === parts.length - 1 ? null : os.pipe();
    const output = pipe === null ? nothing.fileno() : pipe[1];
    const stderr = (job.errors[part] as std.File).fileno();
    const pid = os.exec([...argv], { block: false, cwd, stdin: input, stdout: output, stderr });
    running.set(pid, { job, part });
    if (part > 0) os.close(input);
    if (pipe !== null) {
      os.close(pipe[1]);
      input = pipe[0];
    }
  });
  nothing.close();
}
