/** A build from settings to published files: each stage runs only when it has to, and everything is published at the end. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/size.js';
import type { Context } from '../context.js';
import { readImage } from '../images.js';
import { Book, type StageRecord, whyRun } from '../stages/book.js';
import type { CacheEntry } from '../stages/cache.js';
import { editedPaths, fileStamp, type TreeState, treeState, whyFiles, whySystem } from '../stages/decide.js';
import { fingerprint } from '../stages/fingerprint.js';
import { flush, publishFile } from '../sys/files.js';
import { type OutputFolder, openCache, requireSpace, STATE } from '../sys/output.js';
import { baseInputs, packBase } from './base.js';
import { bootstrapPackages, bootstrapTools, knownBootstrap } from './bootstrap.js';
import { buildInitramfs, initramfsInputs } from './initramfs.js';
import { checkKernel } from './kernel.js';
import type { BuildSettings } from './settings.js';
import { buildSystem, systemInputs } from './system.js';

/** Room that a console build takes at most: the tree twice, the images twice, the segments once. */
const SPACE = { output: 1.5 * 2 ** 30, cache: 1 * 2 ** 30 };

export interface PipelineResult {
  /** Stages that ran; none: everything was as it should be. */
  readonly ran: readonly string[];
  /** When the present base was built, ISO 8601. */
  readonly at: string;
  readonly kernelRelease: string;
}

/** What the stages of one build hand on to each other. */
interface Work {
  readonly settings: BuildSettings;
  readonly context: Context;
  readonly output: OutputFolder;
  readonly book: Book;
  readonly ran: string[];
  /** Records to write down once everything is published. */
  readonly records: Record<string, StageRecord>;
  /** Files and trees in the scratch folder, by the name they are published under. */
  readonly made: Map<string, string>;
}

export async function runPipeline(
  settings: BuildSettings,
  output: OutputFolder,
  context: Context,
): Promise<Result<PipelineResult>> {
  const book = Book.read(join(output.path, STATE, 'state.json'), settings.owner);
  const work: Work = { settings, context, output, book, ran: [], records: {}, made: new Map() };
  const tree = await treeState(output.path, book, context.signal);
  if (!tree.ok) return tree;
  const sources = await bootstrapAll(work, tree.value);
  if (!sources.ok) return sources;
  const root = await systemStage(work, sources.value.packages, tree.value);
  if (!root.ok) return root;
  const initramfs = await initramfsStage(work, sources.value.tools, root.value);
  if (!initramfs.ok) return initramfs;
  const base = await baseStage(work, root.value);
  if (!base.ok) return base;
  publish(work);
  const at = work.book.get('base')?.at ?? '';
  return ok({ ran: work.ran, at, kernelRelease: root.value.release });
}

/** Run a stage with its events and its record. */
async function stage<T>(
  work: Work,
  name: string,
  why: string,
  detail: (value: T) => string,
  make: () => Promise<Result<T>>,
) {
  const { emit } = work.context;
  emit({ type: 'stage', stage: name, state: 'start', detail: why });
  work.ran.push(name);
  let done = false;
  try {
    const result = await make();
    done = result.ok;
    if (result.ok) emit({ type: 'stage', stage: name, state: 'done', detail: detail(result.value) });
    return result;
  } finally {
    if (!done) emit({ type: 'stage', stage: name, state: 'failed' });
  }
}

async function bootstrapAll(
  work: Work,
  tree: TreeState,
): Promise<Result<{ packages: CacheEntry; tools: CacheEntry }>> {
  const { settings, context, output } = work;
  const known = settings.refresh ? undefined : knownBootstrap(settings);
  if (
    known !== undefined &&
    whyRun(work.book.get('system'), systemInputs(settings, known.packages)) === undefined
  ) {
    if (tree.state !== 'missing') return ok(known);
  }
  const cache = openCache(settings.cache);
  if (!cache.ok) return cache;
  const kernel = checkKernel(settings);
  if (!kernel.ok) return kernel;
  const room = requireSpace(output.path, SPACE.output, 'the images');
  if (!room.ok) return room;
  const cacheRoom =
    known === undefined ? requireSpace(settings.cache, SPACE.cache, 'the package cache') : ok();
  if (!cacheRoom.ok) return cacheRoom;
  // One failing must end the other: both share a signal of their own.
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const guard = async (make: typeof bootstrapTools): Promise<Result<CacheEntry>> => {
    const entry = await make(settings, { ...context, signal });
    if (!entry.ok) failed.abort();
    return entry;
  };
  const [packages, tools] = await Promise.allSettled([guard(bootstrapPackages), guard(bootstrapTools)]);
  const problem = [packages, tools].find((r) => r.status === 'fulfilled' && !r.value.ok);
  if (problem?.status === 'fulfilled' && !problem.value.ok) return problem.value;
  if (packages.status === 'rejected') throw packages.reason;
  if (tools.status === 'rejected') throw tools.reason;
  if (!packages.value.ok) return packages.value;
  if (!tools.value.ok) return tools.value;
  return ok({ packages: packages.value.value, tools: tools.value.value });
}

/** A tree that later stages read: where it lies, what names it, and the kernel it carries modules of. */
interface Root {
  readonly path: string;
  readonly fingerprint: string;
  readonly release: string;
}

async function systemStage(work: Work, packages: CacheEntry, tree: TreeState): Promise<Result<Root>> {
  const { settings, context, output, book } = work;
  const inputs = systemInputs(settings, packages);
  const why = await whySystem(output.path, book, inputs, tree, settings.discardEdits);
  if (!why.ok) return why;
  const kept = book.get('system');
  if (why.value === undefined && kept !== undefined && tree.state !== 'missing') {
    if (tree.state === 'edited') {
      const paths = await editedPaths(output.path, kept.at);
      context.emit({ type: 'note', text: `chroot/ was edited by hand and is packed as it is${paths}` });
    }
    const path = join(output.path, FILES.chroot);
    return ok({ path, fingerprint: tree.fingerprint, release: kept.output['kernel release'] ?? '' });
  }
  const detail = (root: Root): string => `${settings.machine.hostname}, kernel ${root.release}`;
  return stage(work, 'system', why.value ?? 'not built yet', detail, async () => {
    const built = await buildSystem(settings, packages, output.scratch.path, context);
    if (!built.ok) return built;
    const { root, release, image } = built.value;
    const print = await fingerprint(root, context.signal);
    if (!print.ok) return print;
    work.made.set(FILES.chroot, root);
    work.made.set(FILES.kernel, image);
    const facts = { fingerprint: print.value, 'kernel release': release };
    work.records.system = { inputs, at: new Date().toISOString(), output: facts };
    return ok({ path: root, fingerprint: print.value, release });
  });
}

async function initramfsStage(work: Work, tools: CacheEntry, root: Root): Promise<Result<void>> {
  const { settings, context, output, book } = work;
  const system = work.records.system ?? book.get('system');
  const kernel = { kernel: `${root.release} ${system?.inputs.kernel} ${system?.inputs.packages}` };
  const inputs = initramfsInputs(settings, tools, kernel);
  const missing = existsSync(join(output.path, FILES.initramfsTree)) ? undefined : 'initramfs/ is missing';
  const why = whyFiles(book, 'initramfs', inputs, output.path) ?? missing;
  if (why === undefined) return ok();
  const made = await stage(work, 'initramfs', why, formatBytes, () =>
    buildInitramfs(settings, tools, root.path, root.release, output.scratch.path, context),
  );
  if (!made.ok) return made;
  for (const name of [FILES.initramfsTree, FILES.initramfs])
    work.made.set(name, join(output.scratch.path, name));
  work.records.initramfs = { inputs, at: new Date().toISOString(), output: {} };
  return ok();
}

async function baseStage(work: Work, root: Root): Promise<Result<void>> {
  const { settings, context, output, book } = work;
  const inputs = baseInputs(settings, root.fingerprint, root.release);
  const present = readImage(join(output.path, FILES.base));
  const unread = present.ok ? undefined : 'this mkma cannot read the base that is there';
  const why = whyFiles(book, 'base', inputs, output.path) ?? unread;
  if (why === undefined) return ok();
  const made = await stage(
    work,
    'base',
    why,
    (manifest) => `${manifest.inodes} files, ${formatBytes(manifest.unpackedBytes)} in RAM`,
    () => packBase(settings, root.path, root.release, output.scratch.path, context),
  );
  if (!made.ok) return made;
  work.made.set(FILES.base, join(output.scratch.path, FILES.base));
  work.records.base = { inputs, at: new Date().toISOString(), output: { id: made.value.id } };
  return ok();
}

const PUBLISHED_BY: Readonly<Record<string, readonly string[]>> = {
  system: [FILES.kernel],
  initramfs: [FILES.initramfs],
  base: [FILES.base],
};

/**
 * Give everything its final name, in one go at the end. What is replaced is struck out of the book first, so that a
 * crash in between leads to building again, never to trusting a mixture.
 */
function publish(work: Work): void {
  const { output, book, settings } = work;
  if (work.made.size === 0) return;
  book.put(Object.fromEntries(Object.keys(work.records).map((name) => [name, undefined])));
  const old = join(output.scratch.path, 'old');
  for (const [name, made] of work.made) {
    const final = join(output.path, name);
    if (name === FILES.chroot || name === FILES.initramfsTree) {
      rmSync(old, { recursive: true, force: true });
      if (existsSync(final)) renameSync(final, old);
      renameSync(made, final);
    } else publishFile(made, final, settings.owner);
  }
  flush(output.path);
  const records = Object.entries(work.records).map(([name, record]) => {
    const stamps = (PUBLISHED_BY[name] ?? []).map((file) => [
      `file ${file}`,
      fileStamp(join(output.path, file)),
    ]);
    return [name, { ...record, output: { ...record.output, ...Object.fromEntries(stamps) } }] as const;
  });
  book.put(Object.fromEntries(records));
}
