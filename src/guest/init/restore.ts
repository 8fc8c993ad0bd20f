/** Adds what an archive cannot carry to the unpacked tree: whiteouts, opaque marks, extended attributes. */
import {
  opaqueMark,
  RESTORE_ARGUMENTS,
  renderAttributes,
  whiteoutsMark,
} from '../../core/archive/attributes.js';
import { whiteoutArchive } from '../../core/archive/cpio.js';
import type { Manifest } from '../../core/image/manifest.js';
import { parentOf } from '../../core/overlay/lower.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Finished, GuestSystem } from '../system.js';
import type { ImageFile } from './images.js';
import type { Place } from './jail.js';
import { cpioOnto } from './unpack.js';

/** setfattr has no option for a working directory. */
const IN_FOLDER = 'cd "$0" && exec setfattr "$@"';

/** Creates a whiteout for everything that a layer deletes, with one program. */
export function makeWhiteouts(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
): Result<void> {
  const deletions = manifest.kind === 'layer' ? manifest.layer.deletions : [];
  if (deletions.length === 0) return ok();
  const made = machine.run(cpioOnto(place), { input: whiteoutArchive(deletions) });
  return made.code === 0 && made.stderr === '' ? ok() : err(failed('cannot create whiteouts', image, made));
}

/** Sets opaque marks and extended attributes, with one program. Returns warnings. */
export function restoreAttributes(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
): Result<readonly string[]> {
  const opaque = manifest.kind === 'layer' ? manifest.layer.opaque : [];
  const deletions = manifest.kind === 'layer' ? manifest.layer.deletions : [];
  // The root is always merged.
  const whiteouts = new Set(deletions.map(parentOf).filter((path) => path !== '.'));
  const attributes = [
    ...[...manifest.attributes, ...opaque.map(opaqueMark)],
    ...[...whiteouts].map(whiteoutsMark),
  ];
  if (attributes.length === 0) return ok([]);
  const set = machine.run([...place.enter, 'sh', '-c', IN_FOLDER, place.folder, ...RESTORE_ARGUMENTS], {
    input: renderAttributes(attributes),
  });
  if (set.code === 0 && set.stderr === '') return ok([]);
  const lines = set.stderr.trim().split('\n');
  // A tmpfs supports user attributes since Linux 6.6; without them the rest of the machine works the same.
  if (lines.every((line) => line.endsWith('Operation not supported')) && onlyUsers(manifest)) {
    return ok([
      `this kernel's tmpfs does not support user attributes: ${lines.length} of the image are not set`,
    ]);
  }
  return err(failed('cannot set extended attributes', image, set));
}

function onlyUsers(manifest: Manifest): boolean {
  if (manifest.kind === 'layer' && manifest.layer.opaque.length > 0) return false;
  return manifest.attributes.every(({ values }) =>
    Object.keys(values).every((name) => name.startsWith('user.')),
  );
}

function failed(what: string, image: ImageFile, { code, stderr }: Finished): Problem {
  return {
    code: 'metadata-unrestored',
    what,
    where: image.shown,
    why: `exit code ${code}: ${stderr.trim().split('\n').slice(-3).join('\n')}`,
    next: 'its manifest does not match its content: copy or build it again',
  };
}
