/** Whether a machine saves by itself now: conditions on time, power, room and what has changed. */
import { formatDuration } from '../text/duration.js';
import { formatBytes, type RamSize, resolveRamSize } from '../text/size.js';
import type { AutoSettings } from './settings.js';

/** What starts an automatic save. */
export type Occasion = 'timer' | 'shutdown';

/** What is known before the machine looks at its changes. Seconds and bytes. */
export interface MachineState {
  /** Since the last automatic save of this boot, or since the boot. */
  readonly sinceLast: number;
  /** Whether its battery powers the machine; machines without one have mains. */
  readonly onBattery: boolean;
  /** The program that installs or removes packages now. */
  readonly packagesBusy?: string;
  readonly availableRam: number;
  readonly totalRam: number;
}

/** What is known once it looked. */
export interface Amounts {
  readonly changedBytes: number;
  /** Free bytes of the medium's file system, and all of them. */
  readonly freeRoom: number;
  readonly totalRoom: number;
}

/** A condition with its numbers, as it is logged. */
export interface Condition {
  readonly text: string;
  readonly holds: boolean;
}

/** The conditions that need no look at the changes. At shutdown there is no later chance: few count. */
export function conditionsBefore(
  settings: AutoSettings,
  occasion: Occasion,
  state: MachineState,
): readonly Condition[] {
  const { sinceLast, onBattery, packagesBusy, availableRam, totalRam } = state;
  const timer = occasion === 'timer';
  const ram = resolveRamSize(settings.freeRam, totalRam);
  return [
    ...(timer
      ? [
          {
            text: `${formatDuration(sinceLast)} since the last save (every ${formatDuration(settings.every)})`,
            holds: sinceLast >= settings.every,
          },
        ]
      : []),
    ...(timer && settings.mainsOnly
      ? [{ text: onBattery ? 'on battery (mains-only)' : 'on mains power (mains-only)', holds: !onBattery }]
      : []),
    {
      text: packagesBusy === undefined ? 'no packages being installed' : `${packagesBusy} changes packages`,
      holds: packagesBusy === undefined,
    },
    {
      text: `${formatBytes(availableRam)} of RAM available (free-ram ${shareText(settings.freeRam, ram)})`,
      holds: availableRam >= ram,
    },
  ];
}

/** The conditions on what has changed, and on the medium. */
export function conditionsAfter(
  settings: AutoSettings,
  occasion: Occasion,
  { changedBytes, freeRoom, totalRoom }: Amounts,
): readonly Condition[] {
  const { leastChange, mostChange } = settings;
  const room = resolveRamSize(settings.freeRoom, totalRoom);
  const enough = occasion === 'shutdown' || changedBytes >= leastChange || leastChange <= 1;
  const bounds = leastChange <= 1 ? '' : `least-change ${formatBytes(leastChange)}, `;
  return [
    {
      text: `${formatBytes(changedBytes)} changed (${bounds}most-change ${formatBytes(mostChange)})`,
      holds: enough && changedBytes <= mostChange,
    },
    {
      text: `${formatBytes(freeRoom)} free on the medium (free-room ${shareText(settings.freeRoom, room)})`,
      holds: freeRoom >= room,
    },
  ];
}

function shareText(size: RamSize, bytes: number): string {
  return 'percent' in size ? `${size.percent}%: ${formatBytes(bytes)}` : formatBytes(bytes);
}
