/**
 * Files of packages that layers hide although they have never seen them: dpkg removes a folder with the last
 * package that has files in it, and where the layer is applied, other packages may have some there.
 */
import { INFO, installedIn, isPackageList, STATUS } from '../../core/records/packages.js';
import { ancestorsOf, isSafePath, parentOf } from '../../core/text/path.js';
import { lookAt } from '../records.js';
import type { GuestSystem } from '../system.js';
import { BASE, LAYERS } from './folders.js';
import type { AppliedLayer } from './watch-records.js';

/** What is hidden, and where it is. */
export interface HiddenFiles {
  /** The folder of the image that has it. */
  readonly folder: string;
  /** Relative to the root. */
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** A layer, and its folders that hide what is below them. */
interface Layer extends AppliedLayer {
  readonly opaque: readonly string[];
}

/** What a layer hides, and what of it may be of packages that it has not seen. */
interface Hiding {
  /** Its place among all, the lowest first. */
  readonly index: number;
  readonly all: ReadonlySet<string>;
  /** Folders that were empty: it has seen nothing of what they have. */
  readonly emptied: ReadonlySet<string>;
  /** Names of packages that it knew; `undefined`: not known, and of those alone it is sure. */
  readonly known: () => ReadonlySet<string> | undefined;
}

/**
 * Files of packages in `installed` that are hidden by such layers alone. `layers`: all, the lowest first;
 * `others`: those that may be on others than they were made on. Reads lists of packages only if some of them
 * have deleted anything.
 */
export function hiddenFiles(
  machine: GuestSystem,
  layers: readonly Layer[],
  others: readonly AppliedLayer[],
  installed: () => ReadonlySet<string>,
): HiddenFiles[] {
  const names = new Set(others.map(({ image }) => image.layer));
  const hiding = layers.flatMap((layer, index) =>
    names.has(layer.image.layer) ? hidingOf(machine, layer, index) : [],
  );
  const all = new Set(hiding.flatMap((one) => [...one.all]));
  if (all.size === 0) return [];
  const images = [BASE, ...layers.map(({ image }) => `${LAYERS}/${image.layer}`)];
  const highest = Math.max(...hiding.map(({ index }) => index));
  const links = rootLinks(machine);
  const lists = listsIn(machine, images);
  const found = new Map<string, string[]>();
  for (const name of installed()) {
    // Number of the image, and so of the layer after it.
    const image = lists.get(name);
    if (image === undefined || image > highest) continue;
    const text = machine.readText(`${images[image]}/${INFO}/${name}.list`) ?? '';
    for (const path of pathsIn(text, all, links)) {
      if (!isBlind(machine, layers, hiding, { path, name, image })) continue;
      const folder = images.slice(0, image + 1).findLast((one) => exists(machine, one, path));
      if (folder !== undefined) found.set(folder, [...(found.get(folder) ?? []), path]);
    }
  }
  return [...found].map(([folder, paths]) => ({
    folder,
    paths: [...new Set(paths)].sort(),
    bytes: paths.reduce((sum, path) => sum + sizeOf(machine, `${folder}/${path}`), 0),
  }));
}

function hidingOf(machine: GuestSystem, { image, manifest }: Layer, index: number): Hiding[] {
  const { deletions = [], emptied = [], opaque = [] } = manifest?.kind === 'layer' ? manifest.layer : {};
  const hasOwn = manifest?.records?.own?.[STATUS] !== undefined;
  const all = new Set(hasOwn ? [...deletions, ...opaque] : emptied);
  if (all.size === 0) return [];
  let status: { readonly names: ReadonlySet<string> | undefined } | undefined;
  const known = (): ReadonlySet<string> | undefined => {
    if (status === undefined) {
      const text = hasOwn ? machine.readText(`${LAYERS}/${image.layer}/${STATUS}`) : undefined;
      status = { names: text === undefined ? undefined : installedIn(text) };
    }
    return status.names;
  };
  return [{ index, all, emptied: new Set(emptied), known }];
}

/** By package, the number of the highest image that has a list of its files. */
function listsIn(machine: GuestSystem, images: readonly string[]): Map<string, number> {
  const lists = new Map<string, number>();
  for (const [i, image] of images.entries()) {
    for (const file of machine.list(`${image}/${INFO}`) ?? [])
      if (isPackageList(`${INFO}/${file}`)) lists.set(file.slice(0, -'.list'.length), i);
  }
  return lists;
}

/** The paths of a list that are among these, or in them. */
function pathsIn(text: string, all: ReadonlySet<string>, links: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  let folder = '';
  let isIn = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('/') || line === '/.') continue;
    const end = line.indexOf('/', 1);
    const link = end < 0 ? undefined : links.get(line.slice(1, end));
    const path = link === undefined ? line.slice(1) : link + line.slice(end);
    const above = parentOf(path);
    // A list has the files of a folder one after the other.
    if (above !== folder) {
      folder = above;
      isIn = all.has(above) || ancestorsOf(above).some((one) => all.has(one));
    }
    if ((isIn || all.has(path)) && isSafePath(path)) found.push(path);
  }
  return found;
}

/** Folders of the root that are links to others, such as `lib`, to `usr/lib`. */
function rootLinks(machine: GuestSystem): Map<string, string> {
  const links = new Map<string, string>();
  for (const name of machine.list(BASE) ?? []) {
    const target = machine.readlink(`${BASE}/${name}`)?.replace(/^\//, '');
    if (target !== undefined && /^[\w-]+(\/[\w-]+)*$/.test(target)) links.set(name, target);
  }
  return links;
}

/** Whether a file is hidden, and by layers alone that have not seen it. `image`: of the package's list. */
function isBlind(
  machine: GuestSystem,
  layers: readonly Layer[],
  hiding: readonly Hiding[],
  { path, name, image }: { readonly path: string; readonly name: string; readonly image: number },
): boolean {
  const on = new Set([path, ...ancestorsOf(path)]);
  let isHidden = false;
  for (let i = layers.length - 1; i >= image; i--) {
    const layer = layers[i] as Layer;
    const there = lookAt(machine, `${LAYERS}/${layer.image.layer}`, path, layer.opaque);
    if (there === 'absent') continue;
    if (there !== 'hidden') return false;
    const own = hiding.find(({ index }) => index === i);
    const by = own === undefined ? [] : [...own.all].filter((one) => on.has(one));
    if (own === undefined || by.length === 0) return false;
    const isUnseen = own.known()?.has(name.split(':')[0] as string) === false;
    if (!isUnseen && !by.every((one) => own.emptied.has(one))) return false;
    isHidden = true;
  }
  return isHidden;
}

function exists(machine: GuestSystem, folder: string, path: string): boolean {
  const file = `${folder}/${path}`;
  if (machine.readlink(file) !== undefined) return true;
  const kind = machine.info(file)?.kind;
  return kind === 'file' || kind === 'directory';
}

function sizeOf(machine: GuestSystem, file: string): number {
  const info = machine.readlink(file) === undefined ? machine.info(file) : undefined;
  return info?.kind === 'file' ? info.size : 0;
}
