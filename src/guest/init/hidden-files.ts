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
  /** Layers that are below it, the lowest first: they, or the base, have the files. */
  readonly below: readonly string[];
  /** Relative to the root; folders before what is in them. */
  readonly paths: readonly string[];
}

/** A layer, and its folders that hide what is below them. */
interface Layer extends AppliedLayer {
  readonly opaque: readonly string[];
}

/**
 * Of packages in `installed` which the deleting layer's own database has not: whatever it deleted, it was
 * nothing of theirs. `layers`: all, the lowest first; `others`: those that may be on others than they were
 * made on.
 */
export function hiddenFiles(
  machine: GuestSystem,
  layers: readonly Layer[],
  others: readonly AppliedLayer[],
  installed: () => ReadonlySet<string>,
): HiddenFiles[] {
  return others.flatMap(({ image, manifest }) => {
    const deletions = manifest?.kind === 'layer' ? manifest.layer.deletions : [];
    if (deletions.length === 0 || manifest?.records?.own?.[STATUS] === undefined) return [];
    const status = machine.readText(`${LAYERS}/${image.layer}/${STATUS}`);
    if (status === undefined) return [];
    const index = layers.findIndex((layer) => layer.image.layer === image.layer);
    const below = layers.slice(0, index).map((layer) => layer.image.layer);
    const folders = [...below.map((name) => `${LAYERS}/${name}`).reverse(), BASE];
    const gone = new Set(deletions.filter((path) => folders.some((one) => exists(machine, one, path))));
    if (gone.size === 0) return [];
    const known = installedIn(status);
    const above = layers.slice(index + 1);
    const isAbove = (path: string): boolean =>
      above.some((layer) => lookAt(machine, folderOf(layer), path, layer.opaque) !== 'absent');
    const paths = [...installed()]
      .filter((name) => !known.has(name.split(':')[0] as string))
      // One that a layer above installs is whole there.
      .filter((name) => !isAbove(`${INFO}/${name}.list`))
      .flatMap((name) => listOf(machine, folders, name))
      .filter((path) => gone.has(path) || ancestorsOf(path).some((one) => gone.has(one)))
      .filter((path) => !isAbove(path));
    return paths.length === 0 ? [] : [{ below, paths: [...new Set(paths)].sort() }];
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
