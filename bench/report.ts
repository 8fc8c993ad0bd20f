/** The measurements as text for people. */

import { formatBytes } from '../src/core/text/size.js';
import { type Booting, CONTESTANT_WORDS, CONTESTANTS, type ContestantName } from './boot/booting.js';
import type { Booted } from './boot/once.js';
import type { Growth, Size } from './growth.js';
import type { BenchHost } from './host.js';
import type { InitramfsSize } from './initramfs-size.js';
import type { LevelPair, Levels } from './levels.js';
import type { Loading } from './loading.js';
import type { Packing } from './packing.js';
import { median, type Pair, type Series } from './pairs.js';
import { type Persisting, SCAN_GOAL } from './persist.js';

export interface Measurements {
  /** When, ISO 8601. */
  readonly at: string;
  readonly machine: BenchHost;
  /** Processes ready to run, averaged over a minute, before and after: whether something else was at work. */
  readonly load: readonly [number, number];
  readonly runs: number;
  readonly loading: Loading;
  readonly packing: Packing;
  readonly levels: Levels;
  readonly persisting: Persisting;
  readonly growth: Growth;
  /** Absent where nothing was booted. */
  readonly booting?: Booting;
  readonly initramfs: InitramfsSize;
}

/** The report's lines. */
export function report(found: Measurements): string[] {
  const { machine, loading, packing, levels, persisting, growth, booting, initramfs } = found;
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
      `memory at most ${formatBytes(packing.memory)}, zstd included`,
    ...packing.others.map((other) => `${seriesLine(other)}; size ${formatBytes(other.bytes)}`),
    '',
    ...levelLines(levels),
    '',
    ...pairLines(persisting.time),
    `  ${persisting.files} new files, ${formatBytes(persisting.bytes)}; size ${formatBytes(persisting.ours)}, ` +
      `plain ${formatBytes(persisting.theirs)}: ${ratio(persisting.ours / persisting.theirs)}`,
    `  looking alone (--dry-run): ${median(persisting.scan).toFixed(2)} s (goal: at most ${SCAN_GOAL} s)`,
    '',
    ...growthLines(growth),
    '',
    ...(booting === undefined ? [] : [...bootingLines(booting), '']),
    'initramfs, generic set',
    ...Object.entries(initramfs).map(
      ([name, { packed, unpacked }]) =>
        `  ${name.padEnd(8)} ${formatBytes(packed).padStart(9)}, unpacked ${formatBytes(unpacked)}`,
    ),
  ];
}

export function levelLines({ pairs, sizes, again }: Levels): string[] {
  const lines = pairs.flatMap((pair, i) => {
    const [ours, theirs] = sizes[i] as readonly [number, number];
    return [
      ...levelPair(pair),
      `  size ${formatBytes(ours)}, zstd's ${formatBytes(theirs)}: ${(ours / theirs).toFixed(4)}x`,
    ];
  });
  return [...lines, ...levelPair(again)];
}

function levelPair(pair: LevelPair): string[] {
  return [...pairLines(pair), `  processor time: ${ratio(pair.processor)}`];
}

function growthLines({ copies, small, large }: Growth): string[] {
  const line = ({ bytes, memory, ...times }: Size): string => {
    const [packing, loading, plain] = [times.packing, times.loading, times.plainLoading].map(
      (seconds) => `${((seconds / bytes) * 1e9).toFixed(2)} s/GB`,
    );
    return `  ${formatBytes(bytes).padStart(9)} in RAM: packing ${packing}, loading ${loading} (plain pipeline ${plain}); packing takes at most ${formatBytes(memory)} of memory`;
  };
  return [`growth: the tree, and ${copies} copies of it`, line(small), line(large)];
}

function bootingLines({ accel, boots }: Booting): string[] {
  const of = (name: ContestantName, pick: (boot: Booted) => number): number => median(boots[name].map(pick));
  const handover = (name: ContestantName) => of(name, (boot) => boot.handover);
  const login = (name: ContestantName) => of(name, (boot) => boot.login);
  const memory = (name: ContestantName) => of(name, (boot) => boot.memory);
  const lines = CONTESTANTS.map((name) => {
    const times = [handover(name), login(name)].map((value) => `${value.toFixed(1)} s`.padStart(8));
    return `  ${times.join('  ')}  ${formatBytes(memory(name)).padStart(9)}  ${CONTESTANT_WORDS[name]}`;
  });
  const share = (what: string, ours: number, theirs: number, goal: number): string =>
    `  ${what}: ${ratio(ours / theirs)} (goal: at most ${ratio(goal)})`;
  return [
    `booting in QEMU (${accel}), ${boots.sh.length} turns, medians: /init to the handover, QEMU's start to the login, RAM in use then`,
    ...lines,
    share('EROFS, handover against sh', handover('erofs'), handover('sh'), 0.28),
    share('EROFS unchecked, handover against sh', handover('bare'), handover('sh'), 0.2),
    share('cpio, handover against sh', handover('cpio'), handover('sh'), 0.9),
    share('EROFS, login against live-boot', login('erofs'), login('live'), 0.6),
    share('EROFS, login against live-boot as live-build makes it', login('erofs'), login('gzip'), 0.6),
    share('EROFS, RAM against cpio', memory('erofs'), memory('cpio'), 0.7),
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
