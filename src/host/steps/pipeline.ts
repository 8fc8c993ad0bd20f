/** A build from settings to published files: each stage runs only when it has to, and everything is published at the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { InitramfsBytes } from '../../core/boot/initramfs.js';
import { BASE_FILES, FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { formatBytes } from '../../core/text/size.js';
import type { Context } from '../context.js';
import { placedBy } from '../customise/place-files.js';
import { openToAll } from '../customise/tree-logins.js';
import { readImage } from '../images.js';
import {
  buildInitramfs,
  bytesFacts,
  bytesOf,
  initramfsInputs,
  type PackedInitramfs,
} from '../initramfs/build.js';
import type { Savings } from '../leave-out/leave-out.js';
import type { KeptOut } from '../pack/kept-out.js';
import { Book, type StageRecord } from '../stages/book.js';
import { editedPaths, treeState, whyFiles, whySystem } from '../stages/decide.js';
import { fingerprint } from '../stages/fingerprint.js';
import { requireUnmounted } from '../sys/mounts.js';
import { type OutputFolder, STATE } from '../sys/output.js';
import { digestOfAdded } from './added-modules.js';
import { baseInputs, packBase } from './base.js';
import { toolsInputs } from './bootstrap/tools.js';
import { checkAhead } from './checks-ahead.js';
import { microcodeStage } from './microcode.js';
import { publish } from './publish.js';
import type { BuildSettings } from './settings.js';
import { bootstrapEarlyBoot, bootstrapSystem, type Source } from './sources.js';
import { buildSystem, systemInputs } from './system.js';
import { ToolsTree } from './tools-tree.js';
import type { Work } from './work.js';

export interface PipelineResult {
  /** Stages that ran; none: everything was as it should be. */
  readonly ran: readonly string[];
  /** When the present base was built, ISO 8601. */
  readonly at: string;
  readonly kernelRelease: string;
  /** Unpacked bytes of the initramfs. */
  readonly initramfsBytes: InitramfsBytes;
  /** What was left out and what could be; `undefined`: `chroot/` is from a mkma that did not tell. */
  readonly savings?: Savings | undefined;
  /** What of `chroot/` is not in the base, whoever put it there. */
  readonly keptOut: readonly KeptOut[];
}

export async function runPipeline(
  settings: BuildSettings,
  output: OutputFolder,
  context: Context,
): Promise<Result<PipelineResult>> {
  const book = Book.read(join(output.path, STATE, 'state.json'), settings.owner);
  // Both would be moved away at the end; chroot/ is looked at where it is read.
  const free = requireUnmounted(join(output.path, FILES.initramfsTree));
  if (!free.ok) return free;
  const found = await treeState(output.path, book, context.signal);
  if (!found.ok) return found;
  const work: Work = {
    settings,
    context,
    output,
    book,
    tree: found.value,
    ran: [],
    records: {},
    made: new Map(),
    gone: new Set(),
  };
  const sources = await bootstrapNeeded(work);
  if (!sources.ok) return sources;
  const root = await systemStage(work, sources.value.packages);
  if (!root.ok) return root;
  const { tools } = sources.value;
  const tree = new ToolsTree(tools.entry, output.scratch.path, context.signal);
  const initramfs = await initramfsStage(work, tools.id, tree, root.value);
  if (!initramfs.ok) return initramfs;
  microcodeStage(work, root.value.path);
  const base = await baseStage(work, tools.id, tree, root.value);
  if (!base.ok) return base;
  const published = await publish(work);
  if (!published.ok) return published;
  const at = work.book.get('base')?.at ?? '';
  const initramfsBytes = bytesOf(work.book.get('initramfs'));
  const savings = savingsOf(work.book.get('system'));
  const keptOut = keptOutBy(work.book.get('base'));
  return ok({ ran: work.ran, at, kernelRelease: root.value.release, initramfsBytes, savings, keptOut });
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

interface Sources {
  readonly packages: Source;
  readonly tools: Source;
}

/**
 * Get from the mirror or the cache what the stages will need. Where nothing has to run, neither is asked: an output
 * folder stays buildable when its cache is gone, and does not change because another one asked for newer packages.
 */
async function bootstrapNeeded(work: Work): Promise<Result<Sources>> {
  const { settings, output, book, tree } = work;
  const packagesId = book.get('system')?.inputs['package versions'] ?? '';
  const toolsId = book.get('initramfs')?.inputs['tools versions'] ?? '';
  const inputs = systemInputs(settings, packagesId);
  const why = await whySystem(output.path, book, inputs, tree, settings.discardEdits);
  if (!why.ok) return why;
  const needPackages = settings.refresh || why.value !== undefined;
  const kernel = kernelOf(book.get('system'));
  const chroot = join(output.path, FILES.chroot);
  const needTools =
    needPackages ||
    lookAtInitramfs(work, toolsId, kernel, chroot).why !== undefined ||
    (settings.machine.format === 'erofs' && lookAtBase(work, toolsId, presentRoot(work)).why !== undefined);
  const room = needTools ? await checkAhead(work, needPackages) : ok();
  if (!room.ok) return room;
  // One failing ends the other.
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

/** A failure counts before the interruption that it caused in the other. */
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

/** A tree that later stages read: where it lies, what names it, and the kernel it carries modules of. */
interface Root {
  readonly path: string;
  readonly fingerprint: string;
  readonly release: string;
}

async function systemStage(work: Work, packages: Source): Promise<Result<Root>> {
  const { settings, context, output, book, tree } = work;
  const inputs = systemInputs(settings, packages.id);
  const why = await whySystem(output.path, book, inputs, tree, settings.discardEdits);
  if (!why.ok) return why;
  const kept = book.get('system');
  if (why.value === undefined && kept !== undefined && tree.state !== 'missing') {
    if (tree.state === 'edited') {
      const paths = await editedPaths(output.path, kept.at);
      context.emit({ type: 'note', text: `chroot/ was edited by hand and is packed as it is${paths}` });
    }
    const path = join(output.path, FILES.chroot);
    const open = openToAll(path, settings.machine);
    if (open !== undefined) return err(open);
    return ok({ path, fingerprint: tree.fingerprint, release: kept.output['kernel release'] ?? '' });
  }
  const { entry } = packages;
  if (entry === undefined) throw new Error('the system stage runs without packages');
  const detail = (root: Root): string => `${settings.machine.hostname}, kernel ${root.release}`;
  return stage(work, 'system', why.value ?? 'not built yet', detail, async () => {
    const sources = { packages: entry, kernel: packages.kernel ?? entry, builds: packages.builds ?? [] };
    const built = await buildSystem(settings, sources, output.scratch.path, context);
    if (!built.ok) return built;
    const { root, release, image, savings } = built.value;
    const print = await fingerprint(root, context.signal);
    if (!print.ok) return print;
    work.made.set(FILES.chroot, root);
    work.made.set(FILES.kernel, image);
    const added = digestOfAdded(root, release);
    const facts = {
      ...{ fingerprint: print.value, 'kernel release': release, savings: JSON.stringify(savings) },
      ...(added === '' ? {} : { 'added modules': added }),
    };
    work.records.system = { inputs, at: new Date().toISOString(), output: facts };
    return ok({ path: root, fingerprint: print.value, release });
  });
}

function savingsOf(system: StageRecord | undefined): Savings | undefined {
  const text = system?.output.savings;
  return text === undefined ? undefined : JSON.parse(text);
}

function keptOutBy(base: StageRecord | undefined): readonly KeptOut[] {
  return JSON.parse(base?.output['kept out'] ?? '[]');
}

/** Names the kernel whose modules the initramfs takes. */
function kernelOf(system: StageRecord | undefined): string {
  const { inputs, output } = system ?? {};
  const less = inputs?.without?.includes('modules') === true ? ` without ${inputs.hardware}` : '';
  const added = output?.['added modules'];
  const more = added === undefined ? '' : ` with ${added}`;
  return `${output?.['kernel release']} ${inputs?.kernel} ${inputs?.['package versions']}${less}${more}`;
}

/** What the initramfs depends on with the tree at `root`, and why it has to be made; `undefined`: it stays. */
function lookAtInitramfs({ settings, book, output }: Work, toolsId: string, kernel: string, root: string) {
  const inputs = initramfsInputs(settings, { id: toolsId, inputs: toolsInputs(settings) }, kernel, root);
  const missing = existsSync(join(output.path, FILES.initramfsTree)) ? undefined : 'initramfs/ is missing';
  return { inputs, why: whyFiles(book, 'initramfs', inputs, output.path) ?? missing };
}

async function initramfsStage(
  work: Work,
  toolsId: string,
  tools: ToolsTree,
  root: Root,
): Promise<Result<void>> {
  const { settings, context, output, book } = work;
  const kernel = kernelOf(work.records.system ?? book.get('system'));
  const { inputs, why } = lookAtInitramfs(work, toolsId, kernel, root.path);
  if (why === undefined) return ok();
  const detail = ({ size }: PackedInitramfs): string => formatBytes(size);
  const made = await stage(work, 'initramfs', why, detail, async () => {
    const tree = await tools.root();
    if (!tree.ok) return tree;
    return buildInitramfs(settings, tree.value, root.path, root.release, output.scratch.path, context);
  });
  if (!made.ok) return made;
  for (const name of [FILES.initramfsTree, FILES.initramfs])
    work.made.set(name, join(output.scratch.path, name));
  work.records.initramfs = { inputs, at: new Date().toISOString(), output: bytesFacts(made.value.bytes) };
  return ok();
}

/** What the base depends on, and why it has to be made; `undefined`: it stays. */
function lookAtBase({ settings, book, output }: Work, toolsId: string, root: Omit<Root, 'path'>) {
  const inputs = baseInputs(settings, root.fingerprint, root.release, toolsId);
  const present = readImage(join(output.path, BASE_FILES[settings.machine.format]));
  const unread = present.ok ? undefined : 'this mkma cannot read the base that is there';
  return { inputs, why: whyFiles(book, 'base', inputs, output.path) ?? unread };
}

/** The tree that is there, where it stays. */
function presentRoot({ book, tree }: Work): Omit<Root, 'path'> {
  const fingerprint = tree.state === 'missing' ? '' : tree.fingerprint;
  return { fingerprint, release: book.get('system')?.output['kernel release'] ?? '' };
}

async function baseStage(work: Work, toolsId: string, tools: ToolsTree, root: Root): Promise<Result<void>> {
  const { settings, context, output } = work;
  const { inputs, why } = lookAtBase(work, toolsId, root);
  if (why === undefined) return ok();
  const made = await stage(
    work,
    'base',
    why,
    ({ manifest }) => `${manifest.inodes} files, ${formatBytes(manifest.unpackedBytes)} in RAM`,
    () =>
      packBase(
        settings,
        {
          root: root.path,
          kernelRelease: root.release,
          stays: placedBy(settings.machine.files),
          scratch: output.scratch.path,
          tools: () => tools.root(),
        },
        context,
      ),
  );
  if (!made.ok) return made;
  const { manifest, keptOut } = made.value;
  const name = BASE_FILES[settings.machine.format];
  work.made.set(name, join(output.scratch.path, name));
  for (const other of BASE_NAMES) if (other !== name) work.gone.add(other);
  work.records.base = {
    inputs,
    at: new Date().toISOString(),
    output: { id: manifest.id, 'kept out': JSON.stringify(keptOut) },
  };
  return ok();
}
