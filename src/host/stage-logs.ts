/**
 * Logs of a build's stages, one file each in `.mkma/logs/` of the output folder: every step, program and line
 * with the time since the stage began.
 */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, renderProblem } from '../core/result.js';
import { withoutLogins } from '../core/text/logins.js';
import type { Event } from './report/event.js';
import { giveTo, type Owner, writeAll } from './sys/files.js';

/** A log that is being written. */
interface Open {
  readonly fd: number;
  readonly since: number;
}

/** A stage's files. The log of a run that failed or was cut off stays beside the last whole one. */
function names(folder: string, stage: string): { readonly done: string; readonly unfinished: string } {
  const name = stage.replaceAll(/[^\w.+-]/g, '-');
  return { done: join(folder, `${name}.log`), unfinished: join(folder, `${name}.unfinished.log`) };
}

/** Writes the events of one build to its logs. */
export class StageLogs {
  private readonly open = new Map<string, Open>();
  /** Stages of this build that have a log already: those that run several times go on in theirs. */
  private readonly begun = new Set<string>();
  private first: string | undefined;
  private broken = false;

  /** `warn` is called once if they cannot be written. */
  constructor(
    private readonly folder: string,
    private readonly owner: Owner | undefined,
    private readonly warn: (problem: Problem) => void,
  ) {}

  /** The log of the stage that failed first, if one has. */
  get ofFailure(): string | undefined {
    return this.first;
  }

  /** Writes an event down, if it belongs to a stage. */
  note(event: Event): void {
    if (this.broken) return;
    try {
      this.write(event);
    } catch (cause) {
      // A full disk, for one: the build has its own say on that.
      this.broken = true;
      const why = cause instanceof Error ? cause.message : String(cause);
      this.warn({ code: 'log-not-written', what: 'cannot write the logs', where: this.folder, why });
    }
  }

  /** Closes those of stages that did not end. */
  close(): void {
    for (const { fd } of this.open.values()) closeSync(fd);
    this.open.clear();
  }

  private write(event: Event): void {
    if (event.type === 'warning') {
      // It may be of any stage that runs.
      for (const name of this.open.keys())
        for (const line of renderProblem(event.problem)) this.line(name, `warning: ${line}`);
      return;
    }
    if (event.type === 'note' || event.type === 'progress' || event.type === 'downloads') return;
    const { stage } = event;
    if (event.type === 'stage' && event.state === 'start') this.begin(stage);
    for (const line of linesOf(event)) this.line(stage, line);
    if (event.type === 'stage' && event.state !== 'start') this.end(stage, event.state === 'failed');
  }

  private begin(stage: string): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o755 });
    giveTo(this.folder, this.owner);
    const { done, unfinished } = names(this.folder, stage);
    if (this.begun.has(stage) && existsSync(done)) renameSync(done, unfinished);
    // Created rather than opened: a link of that name would be followed.
    else rmSync(unfinished, { force: true });
    // What programs print may be meant for the person who builds.
    const fd = openSync(unfinished, this.begun.has(stage) ? 'a' : 'wx', 0o600);
    giveTo(unfinished, this.owner);
    this.begun.add(stage);
    this.open.set(stage, { fd, since: performance.now() });
    this.line(stage, `${stage}, ${new Date().toISOString()}`);
  }

  private line(stage: string, text: string): void {
    const log = this.open.get(stage);
    if (log === undefined) return;
    const seconds = ((performance.now() - log.since) / 1000).toFixed(3).padStart(9);
    writeAll(log.fd, Buffer.from(`[${seconds}] ${withoutLogins(text)}\n`));
  }

  private end(stage: string, failed: boolean): void {
    const log = this.open.get(stage);
    if (log === undefined) return;
    closeSync(log.fd);
    this.open.delete(stage);
    const { done, unfinished } = names(this.folder, stage);
    if (failed) this.first ??= unfinished;
    else renameSync(unfinished, done);
  }
}

type Logged = Exclude<Event, { type: 'warning' | 'note' | 'progress' | 'downloads' }>;

function linesOf(event: Logged): string[] {
  const took = 'seconds' in event && event.seconds !== undefined ? ` (${event.seconds.toFixed(3)} s)` : '';
  switch (event.type) {
    case 'stage':
      return [`${event.state}${took}${event.detail === undefined ? '' : `: ${event.detail}`}`];
    case 'step': {
      const detail = event.detail === undefined ? '' : `: ${event.detail}`;
      return [`== ${event.path.join(' / ')}: ${event.state}${took}${detail}`];
    }
    case 'command': {
      if (event.state === 'start')
        return event.command.split('\n').map((line, i) => `${i === 0 ? '$' : ' '} ${line}`);
      const [program = ''] = event.command.split('\n');
      const short = program.length > 60 ? `${program.slice(0, 59)}…` : program;
      return [`$ exit code ${event.exitCode ?? 'none'}${took}: ${short}`];
    }
    case 'output':
      return [`  ${event.line}`];
  }
}
