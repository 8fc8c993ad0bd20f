/**
 * Stages of a command and their steps, with their events: started, then done or failed, however they end.
 */
import type { Result } from '../core/result.js';
import type { Context } from './context.js';
import type { Emit } from './report/event.js';
import { type Tracer, traced } from './sys/trace.js';

/** What to do about a failure inside a tree. */
export const DEBUG_SHELL = 'mkma build --debug-shell opens a shell in the tree at that point';

type Emitting = Pick<Context, 'emit'>;

/** Does the work of a stage. `why` it runs is reported at its start, the text from `outcome` at its end. */
export function stage<T>(
  { emit }: Emitting,
  name: string,
  why: string,
  work: () => Promise<Result<T>>,
  outcome?: (value: T) => string,
): Promise<Result<T>> {
  emit({ type: 'stage', stage: name, state: 'start', detail: why });
  const ended: Ended = (state, end) => emit({ type: 'stage', stage: name, state, ...end });
  return timed(ended, () => traced(commands(emit, name), work), outcome);
}

/**
 * Does a part of a stage's work with the context that it gets: steps, progress and output that it emits
 * belong to this step.
 */
export function step<C extends Emitting, T>(
  context: C,
  stageName: string,
  name: string,
  work: (context: C) => Promise<Result<T>>,
  outcome?: (value: T) => string | undefined,
): Promise<Result<T>> {
  const inner = within(context, name);
  const about = { type: 'step', stage: stageName, path: [name] } as const;
  context.emit({ ...about, state: 'start' });
  const ended: Ended = (state, end) => context.emit({ ...about, state, ...end });
  return timed(ended, () => traced(commands(inner.emit, stageName), () => work(inner)), outcome);
}

type Ended = (state: 'done' | 'failed', end: { seconds: number; detail?: string }) => void;

async function timed<T>(
  ended: Ended,
  work: () => Promise<Result<T>>,
  outcome?: (value: T) => string | undefined,
): Promise<Result<T>> {
  const began = performance.now();
  const seconds = (): number => rounded((performance.now() - began) / 1000);
  let done = false;
  try {
    const result = await work();
    done = result.ok;
    if (result.ok) {
      const detail = outcome?.(result.value);
      ended('done', { seconds: seconds(), ...(detail === undefined ? {} : { detail }) });
    }
    return result;
  } finally {
    if (!done) ended('failed', { seconds: seconds() });
  }
}

/** To milliseconds. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** The context of a step: what it emits about its stage is about the step. */
function within<C extends Emitting>(context: C, name: string): C {
  const emit: Emit = (event) => {
    const belongs = 'stage' in event && event.type !== 'stage' && event.type !== 'downloads';
    context.emit(belongs ? { ...event, path: [name, ...(event.path ?? [])] } : event);
  };
  return { ...context, emit };
}

/** Reports programs as events of a stage. */
function commands(emit: Emit, name: string): Tracer {
  return (command) => {
    const about = { type: 'command', stage: name, command } as const;
    emit({ ...about, state: 'start' });
    return ({ exitCode, seconds, lines }) => {
      for (const line of lines) emit({ type: 'output', stage: name, line });
      const code = exitCode === undefined ? {} : { exitCode };
      emit({ ...about, state: 'ended', ...code, seconds: rounded(seconds) });
    };
  };
}

/** Steps of a stage that follow one another, and are known only while one program does them all. */
export class Phases {
  private running: { readonly name: string; readonly since: number } | undefined;

  constructor(
    private readonly context: Emitting,
    private readonly stageName: string,
  ) {}

  /** The step that now runs, if any. */
  get path(): readonly string[] {
    return this.running === undefined ? [] : [this.running.name];
  }

  /** Begins a step, and with it ends the one before, unless it is the same. */
  enter(name: string): void {
    if (this.running?.name === name) return;
    this.end('done');
    this.running = { name, since: performance.now() };
    this.context.emit({ type: 'step', stage: this.stageName, path: [name], state: 'start' });
  }

  /** Ends the last one. */
  end(state: 'done' | 'failed'): void {
    if (this.running === undefined) return;
    const { name, since } = this.running;
    this.running = undefined;
    const seconds = rounded((performance.now() - since) / 1000);
    this.context.emit({ type: 'step', stage: this.stageName, path: [name], state, seconds });
  }
}
