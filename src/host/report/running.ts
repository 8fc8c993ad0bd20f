/** What is running at present: stages, their steps, and how far each has come. */
import type { Event, ProgressEvent, StageEvent, StepEvent } from './event.js';

/** A step that runs. */
export interface RunningStep {
  readonly path: readonly string[];
  readonly since: number;
  progress?: ProgressEvent;
}

/** A step that has ended. */
export interface EndedStep {
  readonly path: readonly string[];
  readonly seconds: number;
  readonly failed: boolean;
  readonly detail?: string | undefined;
}

/** A stage that runs. */
export interface RunningStage {
  readonly stage: string;
  readonly since: number;
  /** Why it runs. */
  readonly why: string;
  /** The last line that a program printed since its newest step began; else empty. */
  detail: string;
  progress?: ProgressEvent;
  readonly steps: Map<string, RunningStep>;
  /** In the order in which they ended. */
  readonly ended: EndedStep[];
}

/** Follows the events of a command. `now` gives milliseconds. */
export class Running {
  private readonly byName = new Map<string, RunningStage>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** In the order in which they began. */
  get stages(): readonly RunningStage[] {
    return [...this.byName.values()];
  }

  /** Takes note of an event. Returns the stage that it ended, as it was. */
  note(event: Event): RunningStage | undefined {
    if (event.type === 'stage') return this.ofStage(event);
    const stage = 'stage' in event ? this.byName.get(event.stage) : undefined;
    if (stage === undefined) return undefined;
    if (event.type === 'step') this.ofStep(stage, event);
    if (event.type === 'output') stage.detail = event.line;
    if (event.type === 'progress') {
      const step = event.path === undefined ? undefined : stage.steps.get(keyOf(event.path));
      (step ?? stage).progress = event;
    }
    return undefined;
  }

  private ofStage({ stage, state, detail = '' }: StageEvent): RunningStage | undefined {
    if (state === 'start') {
      const started = { stage, since: this.now(), why: detail, detail: '', steps: new Map(), ended: [] };
      this.byName.set(stage, started);
      return undefined;
    }
    const found = this.byName.get(stage);
    this.byName.delete(stage);
    return found;
  }

  private ofStep(stage: RunningStage, { path, state, seconds = 0, detail }: StepEvent): void {
    const { steps, ended } = stage;
    stage.detail = '';
    if (state === 'start') {
      steps.set(keyOf(path), { path, since: this.now() });
      return;
    }
    steps.delete(keyOf(path));
    ended.push({ path, seconds, failed: state === 'failed', detail });
  }
}

function keyOf(path: readonly string[]): string {
  return path.join('\0');
}

/** Seconds from which on a step that has ended is worth a line. */
const WORTH = 0.5;

/** The ended steps that are shown: each before those within it, as they are nested. */
export function shownSteps(ended: readonly EndedStep[], all: boolean): EndedStep[] {
  const shown = ended.filter(({ seconds, failed }) => all || failed || seconds >= WORTH);
  // A step ends after those within it, and comes before them here.
  return shown.flatMap((step, i) => {
    if (step.path.length > 1 && shown.slice(i + 1).some((later) => isPart(step, later))) return [];
    return [step, ...partsOf(step, shown.slice(0, i))];
  });
}

/** The steps within one, nested. */
function partsOf(whole: EndedStep, before: readonly EndedStep[]): EndedStep[] {
  // Of one that ran twice, only the parts of this run.
  const last = before.map(({ path }) => keyOf(path)).lastIndexOf(keyOf(whole.path));
  const own = before.slice(last + 1).filter((step) => isPart(step, whole));
  const direct = own.filter(({ path }) => path.length === whole.path.length + 1);
  return direct.flatMap((step) => [step, ...partsOf(step, own.slice(0, own.indexOf(step)))]);
}

function isPart(step: EndedStep, whole: EndedStep): boolean {
  return step.path.length > whole.path.length && whole.path.every((name, i) => step.path[i] === name);
}
