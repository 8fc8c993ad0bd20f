/** What the stages of a build took, and what earlier builds saved it, from its events. Pure. */
import type { Event } from './report/event.js';

/** A stage that ran, or that was taken from the cache. */
export interface StageTime {
  readonly stage: string;
  readonly state: 'done' | 'reused' | 'failed';
  /** Why it ran; absent if it was reused. */
  readonly why?: string;
  /** Its result. */
  readonly detail?: string;
  readonly seconds: number;
  /** Its outermost steps, in the order in which they ended. */
  readonly steps: readonly { readonly step: string; readonly seconds: number }[];
}

/** Collects them. */
export class Times {
  private readonly whys = new Map<string, string>();
  private readonly steps = new Map<string, { step: string; seconds: number }[]>();
  private readonly ended: StageTime[] = [];
  /** Bytes of packages that were downloaded, and that an earlier build had downloaded. */
  readonly downloads = { fetched: 0, reused: 0 };

  /** In the order in which they ended. */
  get stages(): readonly StageTime[] {
    return this.ended;
  }

  note(event: Event): void {
    if (event.type === 'downloads') {
      this.downloads.fetched += event.fetched;
      this.downloads.reused += event.reused;
    } else if (event.type === 'step' && event.state !== 'start' && event.path.length === 1) {
      const { stage, path, seconds = 0 } = event;
      this.steps.set(stage, [...(this.steps.get(stage) ?? []), { step: path[0] ?? '', seconds }]);
    } else if (event.type === 'stage') this.ofStage(event);
  }

  private ofStage({ stage, state, detail, seconds = 0 }: Event & { type: 'stage' }): void {
    if (state === 'start') {
      this.steps.delete(stage);
      if (detail !== undefined) this.whys.set(stage, detail);
      return;
    }
    const why = this.whys.get(stage);
    this.ended.push({
      ...{ stage, state, seconds, steps: this.steps.get(stage) ?? [] },
      ...(why === undefined ? {} : { why }),
      ...(detail === undefined ? {} : { detail }),
    });
  }
}
