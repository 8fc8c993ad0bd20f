/** Makes a layer of chosen changes, and remembers it. */
import { isViewed } from '../../../core/archive/tree.js';
import type { BootRecord } from '../../../core/boot/record.js';
import type { ImageFormat } from '../../../core/contract.js';
import { type Plan, planArchive, withCopies } from '../../../core/image/archive-plan.js';
import { isErofs, type LayerManifest, nameCount } from '../../../core/image/manifest.js';
import { fitOnTop } from '../../../core/layers/fits.js';
import { ramOf } from '../../../core/layers/next-boot.js';
import type { Change } from '../../../core/overlay/changes.js';
import { composeLayer, saveSnapshot } from '../../../core/overlay/snapshot.js';
import type { Records } from '../../../core/records/records.js';
import { err, ok, type Result } from '../../../core/result.js';
import { formatBytes } from '../../../core/text/size.js';
import { processors } from '../../processors.js';
import type { RunningSystem } from '../../system.js';
import { hiddenByDisks, readDisks } from '../disks.js';
import { withImages } from '../images-folder.js';
import { rememberNextBoot } from '../next-boot.js';
import { rememberUsed } from '../room.js';
import { forgetEarlierSession } from '../session-mark.js';
import { cannotWrite } from './assembly.js';
import type { ChosenContent } from './chosen.js';
import type { machineFacts } from './facts.js';
import { defaultFormat } from './format.js';
import { unlessInterrupted } from './interrupted.js';
import { addToKnown } from './known.js';
import { layerFactsOf } from './layer-manifest.js';
import { levelFor } from './level.js';
import { MAPPINGS, mappedIn } from './mapped.js';
import { checkBudget, checkCount, checkSameMedium, type Medium, readMedium } from './medium.js';
import { metadataOf } from './metadata.js';
import { packLayer } from './pack.js';
import { packageParts, unseenFolders } from './packages.js';
import type { PackedLayer } from './packing.js';
import { recordsOfLayer, staleRecords, textsBelow } from './records.js';
import { remember } from './saved.js';
import type { Scan } from './scan.js';
import type { Shown } from './shown.js';
import { alwaysReplaced, type Unsettled } from './unsettled.js';
import { type WrittenLayer, writeLayer } from './write.js';

/** How to save. */
export interface SaveOptions {
  /** Report what would be saved, and save nothing. */
  readonly dryRun: boolean;
  /** Added to the layer's name. */
  readonly label?: string | undefined;
  /** zstd level, 1 to 19; absent: that of the format. */
  readonly level?: number | undefined;
  /** Absent: chosen by what is saved. */
  readonly format?: ImageFormat | undefined;
}

/** The result. */
export interface Persisted extends Shown {
  /** Absent if nothing was to be saved. */
  readonly layer?: Omit<WrittenLayer, 'manifest' | 'changed'> & { readonly id: string };
  /** The device with layers, if it is not that of the base. */
  readonly layersOn?: string;
  /** Whether there were changes that the options forbade to save. */
  readonly withheld?: boolean;
  readonly format: ImageFormat;
  /**
   * Bytes of RAM that the layer takes, and those of all images of the next boot; before a file system is
   * packed, as much as its content takes unpacked.
   */
  readonly unpackedBytes: number;
  readonly nextBoot: number;
  readonly sockets: readonly string[];
  readonly warnings: readonly string[];
  /** Files that are not as they were at the moment of all others. */
  readonly unsettled: readonly Unsettled[];
  /** Seconds that programs stood still. */
  readonly stoodStill: number;
}

/** The result, and files that changed while they were read. */
type SavedLayer = Omit<Persisted, 'unsettled' | 'stoodStill'> & { readonly changed: readonly string[] };

/** Lines about progress, if there is enough to report. */
function progress(tell: (line: string) => void, { bytes: total }: Plan): (bytes: number) => void {
  let shown = 0;
  return (bytes) => {
    const share = bytes / total;
    if (total < WORTH_TELLING || share < shown + STEP || share >= 1) return;
    shown = share;
    tell(`  ${Math.floor(share * 100)} %`);
  };
}

/** Bytes of archive below which no progress is printed, and the share after which it is. */
const WORTH_TELLING = 32 * 2 ** 20;
const STEP = 0.1;

/** What is to be saved, and where. */
interface Found {
  readonly facts: ReturnType<typeof machineFacts>;
  readonly medium: Medium;
  /** Bytes that are free on the medium. */
  readonly free: number;
  readonly scan: Scan;
  readonly chosen: readonly Change[];
  /** Content that files have in the layer alone, and files with several owners to leave: see chosen.ts. */
  readonly texts: ChosenContent['texts'];
  readonly left: ChosenContent['left'];
  /** What people are shown of it. */
  readonly shown: Shown;
  /** Names of derived files that the layer lacks. */
  readonly remake: readonly string[];
  /** Nothing was left out. */
  readonly whole: boolean;
  readonly sockets: readonly string[];
  /** Sizes of the copies that there are of files as they were found, by path. */
  readonly copies: ReadonlyMap<string, number>;
  /** Whether a file may be saved although it changes while it is read. */
  readonly mayChange: (path: string) => boolean;
}

/** The result; `undefined` if files changed while they were read. */
type Saved =
  | { readonly done: Result<SavedLayer> }
  | { readonly done?: undefined; readonly replaced: readonly string[] };

/** Packs what is chosen, and writes it. `tell` receives lines about progress. */
export function save(
  machine: RunningSystem,
  record: BootRecord,
  options: SaveOptions,
  tell: (line: string) => void,
  found: Found,
): Saved {
  const { facts: machineIs, medium, free, scan, chosen, texts: own, left } = found;
  const { shown, remake, whole, sockets } = found;
  const parts = packageParts(
    machine,
    scan,
    { chosen, texts: own, left },
    textsBelow(machine, scan, medium.saved),
  );
  const texts = new Map([...own, ...parts.texts]);
  const ofPackages = new Set(parts.changes.map(({ path }) => path));
  const changes = [...chosen.filter(({ path }) => !ofPackages.has(path)), ...parts.changes];
  const folders = unseenFolders(machine, scan, changes);
  const allAttributes = new Map([...scan.upper.attributes, ...parts.attributes, ...folders.attributes]);
  const content = composeLayer(
    [...changes, ...folders.changes],
    { ...scan.upper, attributes: allAttributes, inPlace: without(scan.upper.inPlace, ofPackages) },
    scan.below,
  );
  const { attributes, metadataOnly } = content;
  const compressed = record.images.some((image) => image.format !== undefined);
  const sparse = compressed ? 'tmpfs' : 'everywhere';
  const plan = planArchive(content.tree, scan.devices, { attributes, metadataOnly, sparse, texts });
  if (!plan.ok) return { done: err({ ...plan.problem, next: 'choose again without it' }) };
  const toPack = withCopies(plan.value, found.copies);
  const { unpackedBytes, segments } = plan.value;
  const names = segments.reduce(
    (sum, { records }) => sum + records.length,
    content.deletions.length + metadataOnly.length,
  );
  const { bytes } = plan.value;
  const kind = { held: unpackedBytes, bytes, free, metadataOnly: metadataOnly.length > 0 };
  const format = options.format ?? defaultFormat(machine, record, kind);
  const levelOf = (as: ImageFormat): number => options.level ?? levelFor(as, bytes, processors(machine));
  const level = levelOf(format);
  const needs = { unpackedBytes, names };
  // How much a file system takes is known once it is packed.
  const about = ramOf([...medium.nextBoot, { name: 'new', unpackedBytes }]);
  const budget = format === 'cpio' ? checkBudget(record, medium.nextBoot, needs) : ok(about);
  if (!budget.ok) return { done: budget };
  const result = { ...shown, format, unpackedBytes, nextBoot: budget.value, sockets };
  const layerRecords = recordsOfLayer(machine, scan, medium.saved, content, { keys: parts.keys, texts });
  const { records } = layerRecords;
  const hidden = hiddenByDisks(readDisks(machine), chosen);
  const warnings = [...medium.warnings, ...hidden, ...fitWarnings(records, medium)];
  if (options.dryRun) return { done: ok({ ...result, warnings, changed: [] }) };
  machine.outliveInterrupts();
  if (remake.length > 0)
    tell(`made again at each boot, since not all that they are made from is saved: ${remake.join(', ')}`);
  tell(
    `packing ${formatBytes(plan.value.bytes)}${format === 'erofs' ? ' as EROFS' : ''} at level ${level}; ` +
      `the next boot will need ${format === 'erofs' ? 'about ' : ''}${formatBytes(budget.value)} of ${formatBytes(record.ramBytes)}`,
  );
  const start = machine.uptime();
  const metadata = metadataOf(machine, scan.merged, content);
  const emptied = emptiedIn(machine, scan, chosen);
  const facts = {
    ...machineIs,
    layer: layerFactsOf(record, medium, content, metadata, remake, emptied),
    records,
  };
  let replaced: readonly string[] = [];
  const packed = (target: string): Result<PackedLayer> => {
    const pack = (as: ImageFormat): Result<PackedLayer> => {
      const onProgress = progress(tell, plan.value);
      const how = { level: levelOf(as), format: as, target, onProgress };
      return packLayer(machine, { plan: toPack, view: scan.merged.root, facts, ...how });
    };
    let done = pack(format);
    const mayChange = options.format === undefined && format === 'erofs';
    // It may have what a file system cannot, such as large attributes.
    if (mayChange && !done.ok && done.problem.kind !== 'interrupted') {
      tell(`packing an archive instead: ${done.problem.why}`);
      const refused = machine.makeFile(target);
      if (refused !== undefined) return err(cannotWrite(refused));
      done = pack('cpio');
    }
    if (!done.ok) return done;
    const fits = checkBudget(record, medium.nextBoot, needsOf(done.value.manifest));
    if (!fits.ok) return fits;
    replaced = [
      ...done.value.replaced,
      ...done.value.changed.filter((path) => !found.mayChange(path)),
      ...staleRecords(machine, scan.merged, { records, texts }, content, done.value.changed),
    ];
    replaced = [...new Set(replaced)];
    return replaced.length === 0 ? done : err(alwaysReplaced(replaced));
  };
  const write = (folder: string): Result<WrittenLayer> => {
    const now = readMedium(machine, record, folder);
    if (!now.ok) return now;
    const same = checkSameMedium(medium, now.value);
    if (!same.ok) return same;
    const room = checkCount(now.value);
    if (!room.ok) return room;
    const layer = writeLayer(machine, {
      folder,
      label: options.label,
      pack: packed,
      before: (name, { manifest }) => {
        const unsure = new Set([
          ...scan.mapped,
          ...mappedIn(machine, machine.run(MAPPINGS), scan.upper.entries),
        ]);
        const { seen } = scan;
        made = saveSnapshot(content, { layer: name, id: manifest.id, seen, records, unsure });
        remember(machine, made.snapshot, { entries: made.entries, texts: layerRecords.texts });
      },
    });
    if (layer.ok) forgetEarlierSession(machine, folder);
    return layer;
  };
  let made: ReturnType<typeof saveSnapshot> | undefined;
  const written = unlessInterrupted(machine, () => withImages(machine, record, 'write', write));
  if (!written.ok) {
    return replaced.length > 0 && written.problem.kind !== 'interrupted' ? { replaced } : { done: written };
  }
  const { manifest, changed, ...layer } = written.value;
  if (made !== undefined) addToKnown(machine, scan.difference, medium.saved, made);
  const added = { name: layer.layer, ...needsOf(manifest) };
  const nextBoot = [...medium.nextBoot, added];
  const applied = medium.takesNew && fitOnTop(records, medium.stored).problem === undefined;
  if (applied) {
    rememberNextBoot(machine, nextBoot);
    rememberUsed(machine, record, whole ? undefined : unpackedBytes - viewedBytes(plan.value));
  }
  tell(`written in ${(machine.uptime() - start).toFixed(1)} s`);
  const all = [...warnings, ...layer.warnings];
  const madeAs = isErofs(manifest) ? 'erofs' : 'cpio';
  const takes = { format: madeAs, unpackedBytes: added.unpackedBytes, nextBoot: ramOf(nextBoot) } as const;
  const { layersStorage } = record;
  const layersOn = layersStorage === undefined ? {} : { layersOn: layersStorage.asked };
  const saved = { ...layer, id: manifest.id };
  return { done: ok({ ...result, ...takes, ...layersOn, layer: saved, warnings: all, changed }) };
}

function without(all: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...all].filter((one) => !others.has(one)));
}

/** Deleted folders in which nothing was below, as dpkg deletes them with the last package in them. */
function emptiedIn(machine: RunningSystem, { merged, below }: Scan, chosen: readonly Change[]): string[] {
  return chosen.flatMap(({ kind, before, path }) => {
    if (kind !== 'deleted' || before !== 'd') return [];
    const isEmpty =
      (machine.list(`${merged.below}/${path}`) ?? []).length + below.children(path).length === 0;
    return isEmpty ? [path] : [];
  });
}

/** What early boot will need for a layer. */
function needsOf(manifest: LayerManifest) {
  return { unpackedBytes: manifest.unpackedBytes, names: nameCount(manifest) };
}

/** Bytes of the content that is below the upper directory, and so not among the changes in RAM. */
function viewedBytes({ segments }: Plan): number {
  const records = segments.flatMap((segment) => segment.records);
  return records.reduce((sum, { found, size }) => sum + (found && isViewed(found) ? size : 0), 0);
}

/**
 * A warning if the next boot would leave the layer out because of what is on the medium: it is saved anyway.
 */
function fitWarnings(records: Records, { stored, takesNew }: Medium): string[] {
  const { problem } = fitOnTop(records, stored);
  if (problem === undefined || !takesNew) return [];
  return [
    `the next boot leaves it out unless mkma_layers= forces it with a ! before its name: ${problem.why}`,
  ];
}
