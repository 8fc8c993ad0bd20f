/** `mkma layers list`: the images in their order, with warnings. */
import type { BootRecord, LoadedImage } from '../boot/record.js';
import type { Binding } from '../identity/mark.js';
import { type Problem, renderProblem } from '../result.js';
import { entriesOf, layerFacts, type StoredImage, type StoredImages } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { formatBytes } from '../text/size.js';
import { formatMoment } from '../text/time.js';
import { leftOutProblem } from './fits.js';
import { tableLines } from './table.js';
import { imageWarnings } from './warnings.js';

/** An image in the list. Values from the manifest are absent without one. */
interface ListedImage {
  readonly name: string;
  readonly file: string;
  readonly id?: string;
  /** ISO 8601 in UTC. */
  readonly created?: string;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Bytes of RAM that it takes. */
  readonly unpackedBytes?: number;
  readonly inodes?: number;
  /** Archive records: files, folders and links. */
  readonly entries?: number;
  readonly deletions?: number;
  readonly opaque?: number;
  /** Of an identity: to what it is bound. */
  readonly identity?: Binding;
  /** Whether it has a valid manifest. Its content is not read: `layers verify` does that. */
  readonly verified: boolean;
  readonly disabled: boolean;
  /** On a running machine: whether it is part of this boot. */
  readonly applied?: boolean;
  readonly warnings: readonly string[];
  /** Why early boot would not load it. */
  readonly problem?: Problem;
  /** Why the next boot leaves it out although it is intact. */
  readonly leftOut?: Problem;
}

export interface LayerList {
  readonly base?: ListedImage;
  /** In the order in which they are applied, the lowest first. */
  readonly layers: readonly ListedImage[];
}

/** `boot`: the record of the machine that runs from these images. */
export function listLayers(stored: StoredImages, boot?: BootRecord): LayerList {
  const listed = (image: StoredImage): ListedImage => describe(image, stored, boot);
  return {
    ...(stored.base === undefined ? {} : { base: listed(stored.base) }),
    layers: stored.layers.map(listed),
  };
}

function describe(image: StoredImage, stored: StoredImages, boot: BootRecord | undefined): ListedImage {
  const { name, file, bytes, disabled, manifest, problem } = image;
  const facts = layerFacts(image);
  const entries = entriesOf(image);
  const running = boot === undefined ? undefined : runningImage(image, stored, boot);
  const leftOut = leftOutProblem(image, stored);
  const unpackedBytes = manifest?.unpackedBytes ?? running?.unpackedBytes;
  return {
    ...{ name, file, bytes, disabled },
    ...(manifest === undefined
      ? {}
      : { id: manifest.id, created: manifest.created, inodes: manifest.inodes }),
    ...(unpackedBytes === undefined ? {} : { unpackedBytes }),
    ...(entries === undefined ? {} : { entries }),
    ...(facts === undefined ? {} : { deletions: facts.deletions.length, opaque: facts.opaque.length }),
    ...(facts?.identity === undefined ? {} : { identity: facts.identity.bound }),
    verified: manifest !== undefined,
    ...(boot === undefined ? {} : { applied: running !== undefined || consistsOf(facts?.merged, boot) }),
    warnings: imageWarnings(image, stored),
    ...(problem === undefined ? {} : { problem }),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

/**
 * The image as loaded by the running machine: same id, whatever its name is by now, or, without one, same
 * name and size.
 */
export function runningImage(
  image: StoredImage,
  { base }: StoredImages,
  { images }: BootRecord,
): LoadedImage | undefined {
  return images.find(({ kind, layer, id, bytes }) => {
    if (kind !== (image === base ? 'base' : 'layer') || id !== image.manifest?.id) return false;
    return id !== undefined || ((kind === 'base' || layer === image.name) && bytes === image.bytes);
  });
}

/** Whether all layers that one was merged from are part of this boot. */
function consistsOf(merged: readonly string[] | undefined, { images }: BootRecord): boolean {
  return merged?.every((one) => images.some(({ id }) => id === one)) ?? false;
}

/** The list for people. */
export function listLines({ base, layers }: LayerList): string[] {
  const images = [...(base === undefined ? [] : [base]), ...layers];
  const head = ['name', 'made', 'file', 'RAM', 'entries', 'deleted', 'state'];
  const [first = '', ...rows] = tableLines([head, ...images.map(row)], [2, 3, 4, 5]);
  const lines = images.flatMap((image, i) => [rows[i] as string, ...remarks(image)]);
  return [first, ...lines, ...(layers.length === 0 ? ['no layers'] : [])];
}

function row({ name, created, bytes, unpackedBytes, entries, deletions, ...image }: ListedImage): string[] {
  const state = [
    ...(image.applied === undefined ? [] : [image.applied ? 'applied' : 'not applied']),
    ...(image.identity === undefined ? [] : [`identity of the ${image.identity}`]),
    ...(image.disabled ? ['disabled'] : []),
    ...(image.problem === undefined ? [] : ['unusable']),
    ...(image.leftOut === undefined ? [] : ['left out by the next boot']),
    ...(image.verified || image.problem !== undefined ? [] : ['unverified']),
  ];
  const count = (number: number | undefined): string => (number === undefined ? '-' : String(number));
  return [
    quoteName(name),
    created === undefined || Number.isNaN(Date.parse(created)) ? '-' : formatMoment(created),
    formatBytes(bytes),
    unpackedBytes === undefined ? '-' : formatBytes(unpackedBytes),
    count(entries),
    count(deletions),
    state.join(', '),
  ];
}

function remarks({ problem, leftOut, warnings }: ListedImage): string[] {
  return [
    ...[problem, leftOut].flatMap((one) =>
      one === undefined ? [] : renderProblem(one).map((line) => `  ${line}`),
    ),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ];
}
