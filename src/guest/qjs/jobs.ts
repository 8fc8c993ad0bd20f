/** Pipelines that run in parallel, each of programs joined by pipes. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import type * as std from 'std';
import type { PartResult, Pipeline } from '../system.js';
import { HELPERS } from './environment.js';
import { drain, exitCode, scratch } from './streams.js';

/**
 * A pipeline, and files to use at its ends, and for its last part's errors, instead of nothing. Only {@link
 * OwnJobs} support bytes that follow.
 */
export interface Job extends Pipeline {
  readonly streams?: { readonly stdin: string; readonly stdout: string; readonly stderr: string };
}

/** A job that has ended. */
export interface Ended {
  readonly id: number;
  readonly parts: readonly PartResult[];
}

/** Where jobs are started. */
export interface Jobs {
  /** Starts one; returns its number. */
  begin(job: Job): number;
  /** Waits until one of these has ended that was not reported yet. */
  wait(ids: readonly number[]): Ended;
  /** The same without waiting; `undefined` if none has. */
  poll(ids: readonly number[]): Ended | undefined;
}

/** A running job. */
interface Running {
  readonly id: number;
  readonly argvs: readonly (readonly string[])[];
  readonly errors: readonly std.File[];
  readonly codes: (number | undefined)[];
  /** What follows the first part's output, and where to write it. */
  readonly tail?: { readonly bytes: Uint8Array; readonly fd: number };
}

/** Jobs of this program. No other child of it that something else waits for may end meanwhile. */
export class OwnJobs implements Jobs {
  private readonly running = new Map<number, { readonly job: Running; readonly part: number }>();
  private readonly ended = new Map<number, Ended>();
  private count = 0;

  /**
   * Starts every part. This program keeps no end of a pipe, except for bytes that follow, so that each part
   * notices its neighbour's end.
   */
  begin({ parts, cwd, streams, followedBy }: Job): number {
    const id = this.count++;
    const last = parts.length - 1;
    const files = streams === undefined ? [] : open(streams);
    const errors = parts.map(() => scratch());
    const at = cwd === undefined ? {} : { cwd };
    let job: Running = { id, argvs: parts, errors, codes: parts.map(() => undefined) };
    const pids: number[] = [];
    const nothing = scratch();
    let input = files[0] ?? nothing.fileno();
    parts.forEach((argv, part) => {
      const pipe = part === last ? null : os.pipe();
      const output = pipe?.[1] ?? files[1] ?? nothing.fileno();
      const stderr = (part === last ? files[2] : undefined) ?? (errors[part] as std.File).fileno();
      const pid = os.exec([...argv], {
        ...{ block: false, env: HELPERS, ...at },
        ...{ stdin: input, stdout: output, stderr },
      });
      pids.push(pid);
      if (part > 0) os.close(input);
      if (pipe === null) return;
      if (part === 0 && followedBy !== undefined) job = { ...job, tail: { bytes: followedBy, fd: pipe[1] } };
      else os.close(pipe[1]);
      input = pipe[0];
    });
    pids.forEach((pid, part) => {
      this.running.set(pid, { job, part });
    });
    nothing.close();
    for (const fd of files) os.close(fd);
    return id;
  }

  wait(ids: readonly number[]): Ended {
    for (;;) {
      const ended = this.take(ids);
      if (ended !== undefined) return ended;
      this.reap(0);
    }
  }

  poll(ids: readonly number[]): Ended | undefined {
    while (this.running.size > 0 && this.reap(os.WNOHANG));
    return this.take(ids);
  }

  private take(ids: readonly number[]): Ended | undefined {
    const id = ids.find((one) => this.ended.has(one));
    const ended = id === undefined ? undefined : this.ended.get(id);
    if (ended !== undefined) this.ended.delete(ended.id);
    return ended;
  }

  /** Records the end of a process, if there is one; `false` if there is none. */
  private reap(options: number): boolean {
    const [pid, status] = os.waitpid(-1, options);
    if (pid === 0) return false;
    if (pid === -INTERRUPTED) return true;
    if (pid < 0) throw new Error(`waitpid failed: errno ${-pid}`);
    const found = this.running.get(pid);
    this.running.delete(pid);
    if (found !== undefined) this.note(found.job, found.part, exitCode(status));
    return true;
  }

  private note(job: Running, part: number, code: number): void {
    job.codes[part] = code;
    if (part === 0 && job.tail !== undefined) end(job.tail, code === 0);
    if (job.codes.includes(undefined)) return;
    const parts = job.argvs.map((argv, i) => ({
      argv,
      code: job.codes[i] as number,
      stderr: drain(job.errors[i] as std.File),
    }));
    this.ended.set(job.id, { id: job.id, parts });
  }
}

/**
 * Closes a pipe; with `whole`, after writing the last bytes. If the reader has ended, it reports that itself.
 */
function end({ bytes, fd }: NonNullable<Running['tail']>, whole: boolean): void {
  if (whole) {
    // Only for this long: programs started meanwhile would inherit it.
    os.signal(os.SIGPIPE, undefined);
    os.write(fd, bytes.buffer, bytes.byteOffset, bytes.byteLength);
    os.signal(os.SIGPIPE, null);
  }
  os.close(fd);
}

/** EINTR (errno(3)): interrupted by a signal. */
export const INTERRUPTED = 4;

function open({ stdin, stdout, stderr }: NonNullable<Job['streams']>): number[] {
  return [os.open(stdin, os.O_RDONLY), os.open(stdout, os.O_WRONLY), os.open(stderr, os.O_WRONLY)].map(
    (fd) => {
      if (fd < 0) throw new Error(`cannot open the streams of a program: errno ${-fd}`);
      return fd;
    },
  );
}
