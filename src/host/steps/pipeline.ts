/**
 * A build, from settings to published files: each stage runs only when it has to, and everything is published
 * at the end.
 */
import { join } from 'node:path';
import type { InitramfsBytes } from '../../core/boot/initramfs.js';
import { FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import { bytesOf } from '../initramfs/build.js';
import type { Savings } from '../leave-out/leave-out.js';
import type { KeptOut } from '../pack/kept-out.js';
import type { PackageSize } from '../pack/package-sizes.js';
import { BuildState } from '../stages/build-state.js';
import { trimCache, useCache } from '../stages/cache-use.js';
import { treeState, whySystem } from '../stages/decide.js';
import { recordsFile } from '../stages/publishing.js';
import type { Lock } from '../sys/lock.js';
import { requireUnmounted } from '../sys/mounts.js';
import type { OutputFolder } from '../sys/output.js';
import { requireOwnTree } from '../sys/tree-owner.js';
import { baseStage, keptOutBy, largestIn, lookAtBase } from './base-stage.js';
import { checkAhead } from './checks-ahead.js';
import { initramfsStage, kernelOf, lookAtInitramfs } from './initramfs-stage.js';
import { microcodeStage } from './microcode-stage.js';
import { copyAhead } from './place-tree.js';
import { publish } from './publish.js';
import { SBOM, sbomStage } from './sbom-stage.js';
import type { BuildSettings } from './settings.js';
import { bootstrapEarlyBoot, bootstrapSystem, type Source, surveyOffline } from './sources.js';
import { systemInputs } from './system.js';
import { presentRoot, savingsOf, systemStage } from './system-stage.js';
import { ToolsTree } from './tools-tree.js';
import type { Work } from './work.js';

export interface PipelineResult {
  /** Stages that ran; none: everything was up to date. */
  readonly ran: readonly string[];
  /** When the present base was built, ISO 8601. */
  readonly at: string;
  readonly kernelRelease: string;
  /** Unpacked bytes of the initramfs. */
  readonly initramfsBytes: InitramfsBytes;
  /** What was left out and what could be; `undefined`: an older mkma made `chroot/`. */
  readonly savings?: Savings | undefined;
  /** What the base leaves out of `chroot/`, whoever put it there. */
  readonly keptOut: readonly KeptOut[];
  /** The packages that take the most room in the base. */
  readonly largest: readonly PackageSize[];
  /** Stages of the output folder that stayed as an earlier build left them. */
  readonly kept: readonly KeptStage[];
}

/** When a stage that stayed was made, ISO 8601. */
export interface KeptStage {
  readonly stage: string;
  readonly at: string;
}

/** Stages whose results an output folder has. */
const OWN = ['system', 'initramfs', 'microcode', 'base', SBOM];

function keptStages({ state, ran }: Work): KeptStage[] {
  const recorded = OWN.map((stage) => ({ stage, at: state.get(stage)?.at ?? '' }));
  return recorded.filter(({ stage, at }) => at !== '' && !ran.includes(stage));
}

/** Runs the stages; afterwards the cache is kept below its limit if anything was made. */
export async function runPipeline(
  settings: BuildSettings,
  output: OutputFolder,
  context: Context,
): Promise<Result<PipelineResult>> {
  const held: Lock[] = [];
  let made: Result<PipelineResult>;
  try {
    made = await buildInto(settings, output, context, held);
  } finally {
    for (const lock of held) lock[Symbol.dispose]();
  }
  if (!made.ok || held.length === 0) return made;
  const trimmed = await trimCache(settings.cache, settings.cacheSize, context.signal);
  if (!trimmed.ok) return trimmed;
  if (trimmed.value > 0) {
    const text = `removed ${formatBytes(trimmed.value)} from the cache that was unused for longest`;
    context.emit({ type: 'note', text });
  }
  return made;
}

async function buildInto(
  settings: BuildSettings,
  output: OutputFolder,
  context: Context,
  held: Lock[],
): Promise<Result<PipelineResult>> {
  const state = BuildState.read(recordsFile(output.path), settings.owner);
  // Both would be moved away at the end; chroot/ is checked where it is read.
  const early = join(output.path, FILES.initramfsTree);
  for (const right of [requireUnmounted(early), requireOwnTree(early)]) if (!right.ok) return right;
  const found = await treeState(output.path, state, context.signal);
  if (!found.ok) return found;
  const work: Work = {
    settings,
    context,
    output,
    state,
    tree: found.value,
    ran: [],
    records: {},
    made: new Map(),
    gone: new Set(),
    stack: {},
  };
  try {
    return await runStages(work, held);
  } finally {
    await work.stack.current?.close();
  }
}

async function runStages(work: Work, held: Lock[]): Promise<Result<PipelineResult>> {
  const { output, context } = work;
  const sources = await bootstrapNeeded(work, held);
  if (!sources.ok) return sources;
  const root = await systemStage(work, sources.value.packages);
  if (!root.ok) return root;
  const { tools } = sources.value;
  const tree = new ToolsTree(tools.entry, output.scratch.path, context.signal);
  const initramfs = await initramfsStage(work, tools.id, tree, root.value);
  if (!initramfs.ok) return initramfs;
  const microcode = await microcodeStage(work, root.value.path);
  if (!microcode.ok) return microcode;
  const [base, copy] = await Promise.allSettled([
    baseStage(work, tools.id, tree, root.value),
    copyAhead(work),
  ]);
  if (base.status === 'rejected') throw base.reason;
  if (copy.status === 'rejected') throw copy.reason;
  if (!base.value.ok) return base.value;
  if (!copy.value.ok) return copy.value;
  const listed = await sbomStage(work, sources.value, root.value.path);
  if (!listed.ok) return listed;
  const published = await publish(work, copy.value.value);
  if (!published.ok) return published;
  const at = work.state.get('base')?.at ?? '';
  const initramfsBytes = bytesOf(work.state.get('initramfs'));
  const savings = savingsOf(work.state.get('system'));
  const keptOut = keptOutBy(work.state.get('base'));
  const facts = { kernelRelease: root.value.release, initramfsBytes, savings, keptOut };
  const largest = largestIn(work.state.get('base'));
  return ok({ ran: work.ran, at, ...facts, largest, kept: keptStages(work) });
}

interface Sources {
  readonly packages: Source;
  readonly tools: Source;
}

/**
 * Gets what the stages will need from the mirror or the cache. If nothing has to run, neither is used: an
 * output folder stays buildable without its cache, and does not change because another build fetched newer
 * packages.
 */
async function bootstrapNeeded(work: Work, held: Lock[]): Promise<Result<Sources>> {
  const { settings, output, state, tree } = work;
  const packagesId = state.get('system')?.inputs['package versions'] ?? '';
  const toolsId = state.get('initramfs')?.inputs['tools versions'] ?? '';
  const inputs = systemInputs(settings, packagesId);
  const why = await whySystem(output.path, state, inputs, tree, settings.discardEdits);
  if (!why.ok) return why;
  // An older mkma listed no packages.
  const unlisted = state.get(SBOM) === undefined;
  const needPackages = settings.refresh || why.value !== undefined || unlisted;
  const kernel = kernelOf(state.get('system'));
  const chroot = join(output.path, FILES.chroot);
  const needTools =
    needPackages ||
    lookAtInitramfs(work, toolsId, kernel, chroot).why !== undefined ||
    (settings.machine.format === 'erofs' && lookAtBase(work, toolsId, presentRoot(work)).why !== undefined);
  const room = needTools ? await checkAhead(work, needPackages) : ok();
  if (!room.ok) return room;
  if (needTools) {
    const use = await useCache(settings.cache, work.context.signal);
    if (!use.ok) return use;
    held.push(use.value);
  }
  const kept =
    needTools && settings.offline === true ? await surveyOffline(settings, needPackages, work.context) : ok();
  if (!kept.ok) return kept;
  // If one fails, it ends the other.
  const failed = new AbortController();
  const signal = AbortSignal.any([work.context.signal, failed.signal]);
  const get = async (needed: boolean, id: string, make: typeof bootstrapSystem): Promise<Result<Source>> => {
    if (!needed) return ok({ id });
    const source = await make(settings, { ...work.context, signal });
    if (!source.ok) failed.abort();
    return source;
  };
  const settled = await Promise.allSettled([
    get(needPackages, packagesId, bootstrapSystem),
    get(needTools, toolsId, bootstrapEarlyBoot),
  ]);
  return bothOrFirstProblem(settled);
}

/** A failure takes precedence over the interruption that it caused in the other. */
function bothOrFirstProblem(
  settled: readonly [PromiseSettledResult<Result<Source>>, PromiseSettledResult<Result<Source>>],
): Result<Sources> {
  for (const one of settled) if (one.status === 'fulfilled' && !one.value.ok) return one.value;
  const [packages, tools] = settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value.ok ? one.value.value : undefined;
  });
  if (packages === undefined || tools === undefined) throw new Error('unreachable');
  return ok({ packages, tools });
}
