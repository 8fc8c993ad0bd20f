/** The measurements as text for people. */

import { formatBytes } from '../src/core/size.js';
import type { InitramfsSize } from '../src/host/initramfs/size.js';
import type { Loading } from './loading.js';
import type { Machine } from './machine.js';
import type { Packing } from './packing.js';
import { median, type Pair, type Series } from './pairs.js';
import { type Persisting, SCAN_GOAL } from './persist.js';

export interface Measurements {
  readonly machine: Machine;
  /** Processes ready to run, averaged over a minute, before and after: whether something else was at work. */
  readonly load: readonly [number, number];
  readonly runs: number;
  readonly loading: Loading;
  readonly packing: Packing;
  readonly persisting: Persisting;
  readonly initramfs: InitramfsSize;
}

/** The report's lines. */
export function report(found: Measurements): string[] {
  const { machine, loading, packing, persisting, initramfs } = found;
  const versions = (of: Readonly<Record<string, string>>): string =>
    Object.entries(of)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ');
  return [
    `${machine.processors} processors (${machine.processor}), ${formatBytes(machine.memory)} RAM, Linux ${machine.kernel}`,
    `host: ${versions(machine.host)}; initramfs: ${versions(machine.initramfs)}`,
    `${found.runs} turns; load average ${found.load.map((value) => value.toFixed(1)).join(' before, ')} after`,
    '',
    ...pairLines(loading.time),
    `  RAM at most ${formatBytes(loading.memory.peak)} for ${formatBytes(loading.memory.loaded)} of files; ` +
      `the loading programs at most ${formatBytes(loading.memory.programs)}`,
    '',
    ...pairLines(loading.held),
    ...pairLines(loading.unchecked),
    '',
    ...pairLines(packing.time),
    `  size ${formatBytes(packing.ours)}, plain ${formatBytes(packing.theirs)}: ${ratio(packing.ours / packing.theirs)}; ` +
      `memory of the packing process at most ${formatBytes(packing.memory)}`,
    '',
    ...pairLines(persisting.time),
    `  ${persisting.files} new files, ${formatBytes(persisting.bytes)}; size ${formatBytes(persisting.ours)}, ` +
      `plain ${formatBytes(persisting.theirs)}: ${ratio(persisting.ours / persisting.theirs)}`,
    `  looking alone (--dry-run): ${median(persisting.scan).toFixed(2)} s (goal: at most ${SCAN_GOAL} s)`,
    '',
    'initramfs, generic set',
    ...Object.entries(initramfs).map(
      ([name, { packed, unpacked }]) =>
        `  ${name.padEnd(8)} ${formatBytes(packed).padStart(9)}, unpacked ${formatBytes(unpacked)}`,
    ),
  ];
}

function pairLines(pair: Pair): string[] {
  return [
    `${pair.what}    median      min      max`,
    seriesLine(pair.ours),
    seriesLine(pair.theirs),
    `  ratio, median of the turns: ${ratio(pair.ratio)} (fastest runs: ${ratio(pair.bestRatio)}; goal: at most ${ratio(pair.goal)})`,
  ];
}

function seriesLine({ name, seconds }: Series): string {
  const values = [median(seconds), Math.min(...seconds), Math.max(...seconds)];
  return `  ${values.map((value) => `${value.toFixed(2)} s`.padStart(8)).join(' ')}  ${name}`;
}

function ratio(value: number): string {
  return `${value.toFixed(2)}x`;
}
