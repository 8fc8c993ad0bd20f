/** Files of a layer that keep the content they have below: of them, the layer has the metadata alone. */
import type { FileAttributes } from '../../core/archive/attributes.js';
import { hollowArchive } from '../../core/archive/hollow.js';
import type { FileMetadata, Manifest } from '../../core/image/manifest.js';
import { showPath } from '../../core/overlay/change-list.js';
import { METACOPY_MARK } from '../../core/overlay/marks.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { ancestorsOf } from '../../core/text/path.js';
import { must } from '../must.js';
import type { GuestSystem } from '../system.js';
import type { ImageFile } from './images.js';
import type { Place } from './jail.js';
import { unpackWhole } from './unpack.js';

/** The files of which an image has the metadata alone. */
export function metadataOf(manifest: Manifest): readonly FileMetadata[] {
  return manifest.kind === 'layer' ? (manifest.layer.metadata ?? []) : [];
}

/** The manifest without the metadata of these files. */
export function withoutMetadata(manifest: Manifest, paths: ReadonlySet<string>): Manifest {
  if (manifest.kind !== 'layer' || paths.size === 0) return manifest;
  const metadata = metadataOf(manifest).filter(({ path }) => !paths.has(path));
  const attributes = manifest.attributes.filter(({ path }) => !paths.has(path));
  return { ...manifest, attributes, layer: { ...manifest.layer, metadata } };
}

/** Creates the files, without content. */
export function makeMetadata(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
): Result<void> {
  const files = metadataOf(manifest);
  if (files.length === 0) return ok();
  const made = unpackWhole(machine, hollowArchive(files), place);
  if (made.code === 0 && made.stderr === '') return ok();
  return err({
    code: 'metadata-unrestored',
    what: 'cannot create files that keep their content',
    where: image.shown,
    why: `exit code ${made.code}: ${made.stderr.trim().split('\n').slice(-3).join('\n')}`,
    next: 'its manifest does not match its content: copy or build it again',
  });
}

/** The mark by which the overlay shows the content from below, for each of the files. */
export function metadataMarks(manifest: Manifest): FileAttributes[] {
  return metadataOf(manifest).map(({ path }) => ({ path, values: METACOPY_MARK }));
}

/**
 * Those of the files that are not below with the content they belong to. `below`: a folder that shows what is
 * below the layer.
 */
export function strangersBelow(
  machine: GuestSystem,
  files: readonly FileMetadata[],
  below: string,
): Set<string> {
  const folders = new Map<string, boolean>();
  const isFolder = (path: string): boolean => {
    let is = folders.get(path);
    if (is === undefined) {
      const at = `${below}/${path}`;
      is = machine.readlink(at) === undefined && machine.info(at)?.kind === 'directory';
      folders.set(path, is);
    }
    return is;
  };
  const there = files.filter(({ path, size }) => {
    const at = `${below}/${path}`;
    if (!ancestorsOf(path).every(isFolder) || machine.readlink(at) !== undefined) return false;
    const info = machine.info(at);
    return info?.kind === 'file' && info.size === size;
  });
  const same = new Set<string>();
  if (there.length > 0) {
    const input = there.map(({ path }) => `./${path}\0`).join('');
    const sums = must(machine, ['xargs', '-0', 'sha256sum'], { cwd: below, input }).split('\n');
    for (const [i, { path, sha256 }] of there.entries()) if (sums[i]?.startsWith(sha256)) same.add(path);
  }
  return new Set(files.map(({ path }) => path).filter((path) => !same.has(path)));
}

/** The warning about files that keep what they have. */
export function keptWarning(paths: ReadonlySet<string>): string {
  const names = [...paths].slice(0, MOST_NAMED).map(showPath).join(', ');
  const more = paths.size > MOST_NAMED ? `, and ${paths.size - MOST_NAMED} more` : '';
  return (
    `it has new metadata for files whose content is another one here, or that are gone; ` +
    `they keep what they have: ${names}${more}`
  );
}

const MOST_NAMED = 5;

/** The problem of a kernel that cannot show content from below. */
export function noMetadata(image: ImageFile): Problem {
  return {
    code: 'kernel-lacks-metacopy',
    what: 'this kernel cannot apply the layer',
    where: image.shown,
    why: 'the layer has the metadata of files without their content, which requires an overlay with metacopy',
    next: 'boot with Linux 4.19 or newer, or save the layer again on this machine',
  };
}
