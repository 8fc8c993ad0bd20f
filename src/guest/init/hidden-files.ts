/**
 * Files of packages that a layer hides although it has never seen them: dpkg removes a folder with the last
 * package that has files in it, and where the layer is applied, other packages may have some there.
 */
import { INFO, installedIn, STATUS } from '../../core/records/packages.js';
import { ancestorsOf } from '../../core/text/path.js';
import { lookAt } from '../records.js';
import type { GuestSystem } from '../system.js';
import { BASE, LAYERS } from './folders.js';
import type { AppliedLayer } from './watch-records.js';

/** What a layer hides. */
export interface HiddenFiles {
  readonly layer: string;
  /** Layers that are below it, the lowest first: they, or the base, have the files. */
  readonly below: readonly string[];
  /** Relative to the root; folders before what is in them. */
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** A layer, and its folders that hide what is below them. */
interface Layer extends AppliedLayer {
  readonly opaque: readonly string[];
}

/**
 * Of packages in `installed` which the deleting layer's own database has not: whatever it deleted, it was
 * nothing of theirs. In a folder that was empty when it was deleted, of all packages. `layers`: all, the
 * lowest first; `others`: those that may be on others than they were made on.
 */
export function hiddenFiles(
  machine: GuestSystem,
  layers: readonly Layer[],
  others: readonly AppliedLayer[],
  installed: () => ReadonlySet<string>,
): HiddenFiles[] {
  return others.flatMap(({ image, manifest }) => {
    const { deletions = [], emptied = [], opaque = [] } = manifest?.kind === 'layer' ? manifest.layer : {};
    const hiding = [...deletions, ...opaque];
    if (hiding.length === 0) return [];
    const hasOwn = manifest?.records?.own?.[STATUS] !== undefined;
    const status = hasOwn ? machine.readText(`${LAYERS}/${image.layer}/${STATUS}`) : undefined;
    const candidates = status === undefined ? emptied : hiding;
    const index = layers.findIndex((layer) => layer.image.layer === image.layer);
    const below = layers.slice(0, index).map((layer) => layer.image.layer);
    const folders = [...below.map((name) => `${LAYERS}/${name}`).reverse(), BASE];
    const gone = new Set(candidates.filter((path) => folders.some((one) => exists(machine, one, path))));
    if (gone.size === 0) return [];
    const empty = new Set(emptied.filter((path) => gone.has(path)));
    const known = status === undefined ? undefined : installedIn(status);
    const isSeen = (name: string): boolean => known?.has(name.split(':')[0] as string) !== false;
    const above = layers.slice(index + 1);
    const isAbove = (path: string): boolean =>
      above.some((layer) => lookAt(machine, folderOf(layer), path, layer.opaque) !== 'absent');
    const isOwn = (path: string): boolean =>
      ['file', 'other'].includes(lookAt(machine, `${LAYERS}/${image.layer}`, path));
    const isIn = (path: string, all: ReadonlySet<string>): boolean =>
      all.has(path) || ancestorsOf(path).some((one) => all.has(one));
    const paths = [...installed()]
      // One that a layer above installs is whole there.
      .filter((name) => !isAbove(`${INFO}/${name}.list`))
      .flatMap((name) => {
        const hidden = isSeen(name) ? empty : gone;
        return hidden.size === 0 ? [] : listOf(machine, folders, name).filter((path) => isIn(path, hidden));
      })
      .filter((path) => !isAbove(path) && !isOwn(path));
    if (paths.length === 0) return [];
    const sizeOf = (path: string): number =>
      folders.map((one) => machine.info(`${one}/${path}`)).find((info) => info?.kind === 'file')?.size ?? 0;
    const bytes = paths.reduce((sum, path) => sum + sizeOf(path), 0);
    return [{ layer: image.layer, below, paths: [...new Set(paths)].sort(), bytes }];
  });
}

function folderOf({ image }: AppliedLayer): string {
  return `${LAYERS}/${image.layer}`;
}

function exists(machine: GuestSystem, folder: string, path: string): boolean {
  const file = `${folder}/${path}`;
  return machine.readlink(file) !== undefined || machine.info(file) !== undefined;
}

/** Files of a package, as the highest of the folders has them. */
function listOf(machine: GuestSystem, folders: readonly string[], name: string): string[] {
  const list = `${INFO}/${name}.list`;
  const folder = folders.find((one) => machine.info(`${one}/${list}`)?.kind === 'file');
  const text = folder === undefined ? '' : (machine.readText(`${folder}/${list}`) ?? '');
  return text
    .split('\n')
    .filter((file) => file.startsWith('/') && file !== '/.')
    .map((file) => file.slice(1));
}
