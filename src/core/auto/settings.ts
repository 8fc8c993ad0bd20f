/** How a machine saves by itself: the settings of the section [auto] of a file of rules. */
import { LONGEST_STILL, MOST_STILL, parseStill } from '../moment/limit.js';
import { parseDuration } from '../text/duration.js';
import type { SettingType } from '../text/setting.js';
import { parseBytes, parseRamSize, type RamSize } from '../text/size.js';

export interface AutoSettings {
  /** Least seconds from one save by the timer to the next. */
  readonly every: number;
  /** Bytes that must have changed for the timer to save, and beyond which nothing is saved. */
  readonly leastChange: number;
  readonly mostChange: number;
  /** RAM that must be available, in bytes or percent of all. */
  readonly freeRam: RamSize;
  /** Room that must be free on the medium, in bytes or percent of its file system. */
  readonly freeRoom: RamSize;
  /** Whether the timer saves only while the machine is not powered by its battery. */
  readonly mainsOnly: boolean;
  /** Seconds after which the save at shutdown is ended. */
  readonly shutdownLimit: number;
  /** Most seconds for which programs stand still; 0: never. */
  readonly maxFreeze: number;
  /** Whether automatic layers are merged, and how many are kept apart: of the last day, days, weeks. */
  readonly merge: boolean;
  readonly keepRecent: number;
  readonly keepDaily: number;
  readonly keepWeekly: number;
}

export const AUTO_DEFAULTS: AutoSettings = {
  every: 3600,
  leastChange: 1,
  mostChange: 2 ** 30,
  freeRam: { percent: 5 },
  freeRoom: { percent: 5 },
  mainsOnly: false,
  shutdownLimit: 60,
  maxFreeze: MOST_STILL,
  merge: true,
  keepRecent: 12,
  keepDaily: 7,
  keepWeekly: 4,
};

const DURATION: SettingType<number> = { parse: parseDuration, words: 'a time, such as 90s, 30min or 1h' };
const STILL: SettingType<number> = {
  parse: parseStill,
  words: `a time of 0 to ${LONGEST_STILL} s, such as 0.5s`,
};
const BYTES: SettingType<number> = { parse: parseBytes, words: 'an amount, such as 200M' };
const SHARE: SettingType<RamSize> = {
  parse: parseRamSize,
  words: 'an amount or a share, such as 200M or 5%',
};
const YES: SettingType<boolean> = {
  parse: (text) => ({ yes: true, no: false })[text],
  words: 'yes or no',
};
/** A bound on the number of layers that a day, some days or some weeks leave. */
const COUNT: SettingType<number> = {
  parse: (text) => (/^[1-9]\d?$/.test(text) ? Number(text) : undefined),
  words: 'a number, 1 to 99',
};

/** The names of settings in a file, in the order of the reference. */
const SETTINGS: {
  readonly [K in keyof AutoSettings]: readonly [name: string, kind: SettingType<AutoSettings[K]>];
} = {
  every: ['every', DURATION],
  leastChange: ['least-change', BYTES],
  mostChange: ['most-change', BYTES],
  freeRam: ['free-ram', SHARE],
  freeRoom: ['free-room', SHARE],
  mainsOnly: ['mains-only', YES],
  shutdownLimit: ['shutdown-limit', DURATION],
  maxFreeze: ['max-freeze', STILL],
  merge: ['merge', YES],
  keepRecent: ['keep-recent', COUNT],
  keepDaily: ['keep-daily', COUNT],
  keepWeekly: ['keep-weekly', COUNT],
};

/** How the value of each setting is read, by its name in a file. */
export const AUTO_TYPES: Readonly<Record<string, SettingType<unknown>>> = Object.fromEntries(
  Object.values(SETTINGS),
);

/** The settings with these values, by their names in a file; each as its type reads it. */
export function autoSettingsOf(
  values: ReadonlyMap<string, { readonly value: unknown }>,
): Partial<AutoSettings> {
  return Object.fromEntries(
    Object.entries(SETTINGS).flatMap(([key, [name]]) => {
      const found = values.get(name);
      return found === undefined ? [] : [[key, found.value]];
    }),
  );
}

/** The name of a setting in a file of rules. */
export function autoSettingName(key: keyof AutoSettings): string {
  return SETTINGS[key][0];
}

/** Why settings contradict each other; `undefined` if they do not. */
export function contradiction({ leastChange, mostChange }: AutoSettings): string | undefined {
  return leastChange > mostChange
    ? 'least-change is larger than most-change: nothing would be saved'
    : undefined;
}
