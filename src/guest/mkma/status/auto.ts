/** Saving by itself: whether it is on, what the last run came to, when the next one is due. */
import { formatDuration } from '../../../core/text/duration.js';
import { formatMoment } from '../../../core/text/time.js';
import type { GuestSystem } from '../../system.js';
import { type AutoRun, readAutoState } from '../auto-state.js';

export interface AutoStatus {
  /** Whether the units are enabled. */
  readonly timer: boolean;
  readonly shutdown: boolean;
  /** The last run of this boot. */
  readonly last?: AutoRun;
  /** Seconds since the changes were last saved, or since the boot; absent if the timer is off. */
  readonly sinceSaved?: number;
}

/** The links that systemctl(1) makes of the units' [Install] sections. */
const WANTED = {
  timer: '/etc/systemd/system/timers.target.wants/mkma-persist.timer',
  shutdown: '/etc/systemd/system/sysinit.target.wants/mkma-persist-shutdown.service',
} as const;

export function readAutoStatus(machine: GuestSystem): AutoStatus {
  const isEnabled = (path: string): boolean => machine.readlink(path) !== undefined;
  const [timer, shutdown] = [isEnabled(WANTED.timer), isEnabled(WANTED.shutdown)];
  const { last, savedAt = 0 } = readAutoState(machine);
  return {
    ...{ timer, shutdown },
    ...(last === undefined ? {} : { last }),
    ...(timer ? { sinceSaved: Math.round(machine.uptime() - savedAt) } : {}),
  };
}

const OUTCOMES: Readonly<Record<AutoRun['outcome'], string>> = {
  saved: 'saved',
  nothing: 'nothing to save',
  withheld: 'not saved',
  failed: 'failed',
};

/** For people. Empty if nothing saves by itself. */
export function autoLines({ timer, shutdown, last, sinceSaved }: AutoStatus): string[] {
  if (!timer && !shutdown) return [];
  const when = timer
    ? shutdown
      ? 'from time to time, and at shutdown'
      : 'from time to time'
    : 'at shutdown';
  const since =
    sinceSaved === undefined ? [] : [`${formatDuration(sinceSaved)} since the last save or the boot`];
  if (last === undefined) return [when, ...since];
  const layer = last.layer === undefined ? '' : ` as ${last.layer}`;
  return [when, `${formatMoment(last.at)}: ${OUTCOMES[last.outcome]}${layer}: ${last.text}`, ...since];
}
