/** `mkma build --explain`: what a build would do, and why. Nothing is fetched, locked or changed. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_FILES, FILES } from '../../core/contract.js';
import { ok, type Problem, type Result, renderProblem } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { formatMoment } from '../../core/text/time.js';
import { locate } from '../boot-entry/placement.js';
import type { Context } from '../context.js';
import { describeDifferences } from '../stages/differences.js';
import { type Plan, planBuild } from '../steps/plan.js';
import type { Doing, PlannedStage } from '../steps/planned-stage.js';
import type { BuildSettings } from '../steps/settings.js';
import { settleStorage } from './build-storage.js';

export interface Explanation {
  readonly output: string;
  /** Whether a build would do anything; `undefined`: it depends on what the mirror has. */
  readonly changes: boolean | undefined;
  readonly stages: readonly PlannedStage[];
  /** Why a build would refuse to begin. */
  readonly refused?: Problem | undefined;
  /** Where what is not in the cache would come from, and packages that were downloaded before. */
  readonly fetch?: { readonly mirrors: readonly string[]; readonly kept: Kept } | undefined;
  readonly notes: readonly string[];
  readonly lines: readonly string[];
}

interface Kept {
  readonly packages: number;
  readonly bytes: number;
}

export async function explain(asked: BuildSettings, context: Context): Promise<Result<Explanation>> {
  const path = existsSync(asked.output) ? realpathSync(asked.output) : asked.output;
  const settings = existsSync(path) ? await settled(asked, path, context) : ok(asked);
  if (!settings.ok) return settings;
  const plan = await planBuild(settings.value, path, context);
  if (!plan.ok) return plan;
  const { stages, refused, notes } = plan.value;
  const fetches = stages.some(({ does }) => does === 'fetch');
  const { mirrors, cache } = asked;
  const fetch = fetches
    ? { mirrors: [...new Set([mirrors.main, mirrors.security])], kept: keptPackages(cache) }
    : undefined;
  const told = { output: path, changes: changesOf(plan.value), stages, refused, fetch, notes };
  return ok({ ...told, lines: linesOf(told, settings.value) });
}

async function settled(
  asked: BuildSettings,
  path: string,
  { signal }: Context,
): Promise<Result<BuildSettings>> {
  const placement = await locate(path, signal);
  return placement.ok ? settleStorage(asked, placement.value) : placement;
}

function keptPackages(cache: string): Kept {
  const folder = join(cache, 'debs');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^[^.].*\.deb$/.test(name)) : [];
  const sizes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return { packages: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Stages whose results the output folder keeps. */
const OWN = ['system', 'initramfs', 'microcode', 'base', 'sbom'];

function changesOf({ stages, refused }: Plan): boolean | undefined {
  if (refused !== undefined) return false;
  const own = stages.filter(({ stage }) => OWN.includes(stage)).map(({ does }) => does);
  if (own.includes('make')) return true;
  return own.includes('perhaps') ? undefined : false;
}

const WORDS: Readonly<Record<Doing, string>> = {
  fetch: 'fetched',
  make: 'made',
  perhaps: 'perhaps made',
  reuse: 'from the cache',
  keep: 'kept',
};

function linesOf(told: Omit<Explanation, 'lines'>, { machine }: BuildSettings): string[] {
  const { output, stages, refused, fetch, notes } = told;
  if (refused !== undefined) return ['a build would refuse to begin:', ...renderProblem(refused), ...notes];
  const width = Math.max(...stages.map(({ stage }) => stage.length));
  const from =
    fetch === undefined
      ? []
      : [
          '',
          `fetched from ${fetch.mirrors.join(' and ')}: lists, and what is not among the`,
          `${fetch.kept.packages} packages (${formatBytes(fetch.kept.bytes)}) that earlier builds downloaded`,
        ];
  return [
    ...stages.flatMap((one) => stageLines(one, width)),
    ...from,
    ...notes.flatMap((note) => ['', note]),
    '',
    ending(told, output, machine.format),
  ];
}

function stageLines({ stage, does, why: reason, differences, at }: PlannedStage, width: number): string[] {
  const since = at === undefined || does === 'perhaps' ? '' : `, of ${formatMoment(at)}`;
  // The differences follow, one a line.
  const because = differences.length > 0 ? reason?.replace(/^changed: .*/, '') : reason;
  const text = because === undefined || because === '' ? '' : `: ${because}`;
  const head = `  ${stage.padEnd(width)}  ${WORDS[does]}${since}${text}`;
  return [head, ...describeDifferences(differences).map((line) => `  ${' '.repeat(width)}    ${line}`)];
}

function ending(
  { changes, stages }: Omit<Explanation, 'lines'>,
  output: string,
  format: 'cpio' | 'erofs',
): string {
  if (changes === false) return `a build would change nothing in ${output}`;
  const files: Readonly<Record<string, readonly string[]>> = {
    system: [`${FILES.chroot}/`, FILES.kernel],
    initramfs: [FILES.initramfs],
    microcode: [FILES.microcode],
    base: [BASE_FILES[format]],
    sbom: [FILES.sbom],
  };
  const named = (wanted: Doing): string[] =>
    stages.filter(({ does }) => does === wanted).flatMap(({ stage }) => files[stage] ?? []);
  const sure = named('make');
  const perhaps = named('perhaps');
  const text = [
    ...(sure.length === 0 ? [] : [`replace ${sure.join(', ')}`]),
    ...(perhaps.length === 0 ? [] : [`perhaps replace ${perhaps.join(', ')}`]),
  ].join(', and ');
  return `a build would ${text} in ${output}`;
}
