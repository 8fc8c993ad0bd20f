/** What this boot knows of saving by itself, for `mkma status` and for the next time. */
import type { RunningSystem } from '../system.js';

const FILE = '/run/mkma/auto.json';

/** What came of one run. */
export interface AutoRun {
  /** ISO 8601 in UTC, and seconds since the kernel started. */
  readonly at: string;
  readonly uptime: number;
  readonly outcome: 'saved' | 'nothing' | 'withheld' | 'failed';
  /** The conditions with their numbers, or the problem. */
  readonly text: string;
  /** The layer that was saved. */
  readonly layer?: string;
}

export interface AutoState {
  /** Uptime at which the changes were last saved, or there were none. */
  readonly savedAt?: number;
  readonly last?: AutoRun;
  /** Whether the medium has a mark of this session. */
  readonly marked?: boolean;
}

/** Empty before the first run of a boot. */
export function readAutoState(machine: Pick<RunningSystem, 'readText'>): AutoState {
  const text = machine.readText(FILE);
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as AutoState;
  } catch {
    return {};
  }
}

/** Adds to it. A lack of room for it does not make the completed work a failure. */
export function rememberAuto(machine: RunningSystem, more: AutoState): void {
  const state = { ...readAutoState(machine), ...more };
  if (machine.write(`${FILE}.part`, JSON.stringify(state)))
    machine.run(['mv', '-f', '-T', `${FILE}.part`, FILE]);
}
