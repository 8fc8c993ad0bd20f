/** The stage that packs `chroot/` as the base. */
import { join } from 'node:path';
import type { DeviceNode } from '../../core/archive/device-nodes.js';
import { BASE_FILES } from '../../core/contract.js';
import { planArchive } from '../../core/image/archive-plan.js';
import type { Manifest } from '../../core/image/manifest.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import type { Context } from '../context.js';
import { zstdIn } from '../initramfs/zstd.js';
import { scanAttributes } from '../pack/attributes.js';
import { contentBytes, nameableSockets, packErofs } from '../pack/erofs.js';
import { type BaseFacts, packImage } from '../pack/image.js';
import { excluded, type KeptOut, MACHINE_ID, selectEntries } from '../pack/kept-out.js';
import type { EarlierImage } from '../pack/kept-segments.js';
import { largestPackages, type PackageSize } from '../pack/package-sizes.js';
import { packagesIn, recordsOf } from '../pack/records.js';
import { type ScannedTree, scanTree } from '../pack/scan.js';
import { type Stamp, segmentKeys } from '../pack/segment-keys.js';
import { step } from '../stage.js';
import type { Inputs } from '../stages/build-state.js';
import { requireUnmounted } from '../sys/mounts.js';
import { run } from '../sys/run.js';
import type { BuildSettings } from './settings.js';
import { erofsTools } from './tools-tree.js';

/** Increased whenever the same inputs must give another image. */
const RECIPE = '11';

/** Everything the base depends on; `tools` is the id of the bootstrapped tools, which include mkfs.erofs. */
export function baseInputs(
  settings: BuildSettings,
  tree: string,
  kernelRelease: string,
  tools: string,
): Inputs {
  const { format } = settings.machine;
  return {
    format,
    ...(format === 'erofs' ? { 'tools versions': tools } : {}),
    recipe: RECIPE,
    mkma: settings.version,
    'chroot/': tree,
    kernel: kernelRelease,
    'compression level': String(settings.level),
    hostname: settings.machine.hostname,
    ...(settings.sourceDateEpoch === undefined
      ? {}
      : { SOURCE_DATE_EPOCH: String(settings.sourceDateEpoch) }),
  };
}

const LISTING = 'listing the tree';
const PACKING = 'packing';

/** The settings for packing a base. */
export type BaseSettings = Pick<BuildSettings, 'architecture' | 'level' | 'sourceDateEpoch' | 'version'> & {
  readonly machine: Pick<BuildSettings['machine'], 'hostname' | 'suite' | 'format'>;
};

/** What to pack, and where. */
export interface BaseSource {
  readonly root: string;
  /** `uname -r` of the kernel whose modules it contains. */
  readonly kernelRelease: string;
  /** Folder for the file, and for temporary files. */
  readonly scratch: string;
  /** Whether the definition itself puts something there, as `etc/passwd`: that is packed whatever it is. */
  readonly stays?: (path: string) => boolean;
  /** Device nodes of the machine that the tree may lack, since a plain user unpacked it. */
  readonly nodes?: readonly DeviceNode[];
  /** The path of the built suite's tools, on demand. */
  readonly tools: () => Promise<Result<string>>;
  /** The archive of an earlier build: unchanged segments are copied. */
  readonly earlier?: EarlierImage | undefined;
  /** Stamps of files by which segments are found unchanged; absent: those of a tree that stays. */
  readonly stamp?: Stamp | undefined;
}

/** A base, and what it leaves out of the tree. */
export interface PackedBase {
  readonly manifest: Manifest;
  readonly keptOut: readonly KeptOut[];
  /** The packages that take the most room in it. */
  readonly largest: readonly PackageSize[];
  /** Of an archive: keys of its segments (pack/segment-keys.ts), and how many were copied. */
  readonly segments?: { readonly keys: readonly string[]; readonly kept: number };
}

/** Packs a tree in the machine's format. */
export async function packBase(
  settings: BaseSettings,
  source: BaseSource,
  context: Context,
): Promise<Result<PackedBase>> {
  const pack = settings.machine.format === 'erofs' ? packFileSystem : packArchive;
  const packed = await pack(settings, source, context);
  // Its listing is refused if something is mounted in the tree; something mounted meanwhile may have been
  // read.
  const free = requireUnmounted(source.root);
  return free.ok ? packed : free;
}

async function packFileSystem(
  settings: BaseSettings,
  { root, kernelRelease, scratch, tools, stays, nodes }: BaseSource,
  context: Context,
): Promise<Result<PackedBase>> {
  const [tree, unpacked] = await Promise.all([
    step(context, 'base', LISTING, () => scanTree(root, context.signal, nodes)),
    tools(),
  ]);
  if (!tree.ok) return tree;
  if (!unpacked.ok) return unpacked;
  const programs = await erofsTools(unpacked.value);
  if (!programs.ok) return programs;
  const selection = select(tree.value, stays, root, context);
  const { entries, out, emptied, kinds: keptOut, largest } = selection;
  noteSockets(nameableSockets(entries), context);
  const total = contentBytes(entries);
  const packed = await step(context, 'base', PACKING, ({ emit }) =>
    packErofs({
      ...{ root, entries, tools: programs.value, level: settings.level },
      ...{ excluded: excluded(tree.value.entries, out), emptied, absent: tree.value.absent },
      facts: facts(settings, root, kernelRelease),
      latestMtime: settings.sourceDateEpoch,
      target: join(scratch, BASE_FILES.erofs),
      signal: context.signal,
      onProgress: (bytes) => {
        const done = Math.min(bytes, total);
        emit({ type: 'progress', stage: 'base', done, total, unit: 'bytes' });
      },
    }),
  );
  return packed.ok ? ok({ manifest: packed.value, keptOut, largest }) : packed;
}

/** What is packed of the tree; warns if it lacks what every base has. */
function select({ entries }: ScannedTree, stays: BaseSource['stays'], root: string, context: Context) {
  if (!entries.some(({ path }) => path === MACHINE_ID)) {
    const problem: Problem = {
      code: 'machine-id-missing',
      what: 'the machine has no machine-id file',
      where: join(root, MACHINE_ID),
      why: 'without one systemd takes every boot for the first and enables all units that its presets name',
      next: 'create an empty one: mkma shell touch /etc/machine-id',
    };
    context.emit({ type: 'warning', problem });
  }
  const selection = selectEntries(entries, stays);
  return { ...selection, largest: largestPackages(root, selection.entries) };
}

function noteSockets(sockets: readonly string[], context: Context): void {
  if (sockets.length === 0) return;
  const named = sockets.map((path) => `/${quoteName(path)}`).join(', ');
  context.emit({
    type: 'note',
    text: `left out, since sockets exist only with their program: ${named}`,
  });
}

/** The machine's own zstd, which its fingerprint covers, or else that of this host; and its version. */
async function zstdOf(root: string, signal: AbortSignal) {
  const zstd = await zstdIn(root);
  const [file = '', ...args] = [...(zstd ?? ['zstd']), '--version'];
  const asked = await run({ file, args }, { signal });
  return asked.ok ? ok({ zstd, version: asked.value.stdout }) : asked;
}

async function packArchive(
  settings: BaseSettings,
  { root, kernelRelease, scratch, stays, nodes, earlier, stamp }: BaseSource,
  context: Context,
): Promise<Result<PackedBase>> {
  const listed = await step(context, 'base', LISTING, async () => {
    const [tree, attributes, zstd] = await Promise.all([
      scanTree(root, context.signal, nodes),
      scanAttributes(root, context.signal),
      zstdOf(root, context.signal),
    ]);
    if (!tree.ok) return tree;
    if (!attributes.ok) return attributes;
    return zstd.ok ? ok({ tree, attributes, ...zstd.value }) : zstd;
  });
  if (!listed.ok) return listed;
  const { tree, attributes, zstd, version } = listed.value;
  const { entries, kinds: keptOut, largest } = select(tree.value, stays, root, context);
  const plan = planArchive(entries, tree.value.devices, {
    latestMtime: settings.sourceDateEpoch,
    attributes: attributes.value,
  });
  if (!plan.ok) return plan;
  noteSockets(plan.value.sockets, context);
  const total = plan.value.bytes;
  const keys = segmentKeys(plan.value, `${RECIPE} -${settings.level} ${version}`, stamp);
  const packed = await step(context, 'base', PACKING, ({ emit }) =>
    packImage({
      root,
      plan: plan.value,
      facts: facts(settings, root, kernelRelease),
      level: settings.level,
      zstd,
      scratch,
      target: join(scratch, BASE_FILES.cpio),
      reuse: { keys, earlier },
      signal: context.signal,
      onWarning: (problem) => emit({ type: 'warning', problem }),
      onProgress: (done) => emit({ type: 'progress', stage: 'base', done, total, unit: 'bytes' }),
    }),
  );
  if (!packed.ok) return packed;
  const { manifest, kept } = packed.value;
  return ok({ manifest, keptOut, largest, segments: { keys, kept } });
}

function facts(settings: BaseSettings, root: string, kernelRelease: string): BaseFacts {
  const { machine, sourceDateEpoch } = settings;
  const created = sourceDateEpoch === undefined ? new Date() : new Date(sourceDateEpoch * 1000);
  return {
    kind: 'base',
    name: machine.hostname,
    created: created.toISOString(),
    mkma: settings.version,
    suite: machine.suite,
    architecture: settings.architecture,
    kernelRelease,
    records: recordsOf(root),
    packages: packagesIn(root),
  };
}
