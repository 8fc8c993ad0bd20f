/** Limits of what is saved, and which of them contradict. Pure. */

import type { SettingType } from '../text/setting.js';
import { parseBytes } from '../text/size.js';

export interface Limit {
  readonly bytes: number;
  readonly file: string;
  readonly line: number;
}

/** Absent: no limit. */
export interface Limits {
  /** Files that are larger are dropped. */
  readonly largestFile?: Limit;
  /** Of what is larger together, the largest parts are dropped. */
  readonly largestLayer?: Limit;
}

/** The limits as rules name them. */
export const LIMITS = { 'largest-file': 'largestFile', 'largest-layer': 'largestLayer' } as const;

const amount: SettingType<number> = { parse: parseBytes, words: 'an amount, such as 200M' };

export const LIMIT_TYPES: Readonly<Record<keyof typeof LIMITS, SettingType<number>>> = {
  'largest-file': amount,
  'largest-layer': amount,
};

/** Whether no layer could have a file of the largest size that is allowed. */
export function contradict(file: number | undefined, layer: number | undefined): boolean {
  return file !== undefined && layer !== undefined && file > layer;
}

/** A limit as people find it. */
export function limitText(name: keyof typeof LIMITS, { file, line }: Limit): string {
  return `${name}, ${file}:${line}`;
}
