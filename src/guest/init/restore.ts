/** What an archive cannot carry, put onto the unpacked tree: whiteouts, opaque marks, extended attributes. */
import { opaqueMark, RESTORE_ARGUMENTS, renderAttributes } from '../../core/archive/attributes.js';
import { whiteoutArchive } from '../../core/archive/cpio.js';
import type { Manifest } from '../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Finished, Machine } from '../machine.js';
import type { ImageFile } from './images.js';
import type { Place } from './jail.js';
import { cpioOnto } from './unpack.js';

/** setfattr has no option for the folder to begin at. */
const IN_FOLDER = 'cd "$0" && exec setfattr "$@"';

/** Make a whiteout for everything that a layer takes away. One program, however many there are. */
export function makeWhiteouts(
  machine: Machine,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
): Result<void> {
  const deletions = manifest.kind === 'layer' ? manifest.layer.deletions : [];
  if (deletions.length === 0) return ok();
  const made = machine.run(cpioOnto(place), { input: whiteoutArchive(deletions) });
  return made.code === 0 && made.stderr === '' ? ok() : err(failed('cannot create whiteouts', image, made));
}

/** Set opaque marks and extended attributes, by one program. Returns warnings. */
export function restoreAttributes(
  machine: Machine,
  image: ImageFile,
  manifest: Manifest,
  place: Place,
): Result<readonly string[]> {
  const opaque = manifest.kind === 'layer' ? manifest.layer.opaque : [];
  const attributes = [...manifest.attributes, ...opaque.map(opaqueMark)];
  if (attributes.length === 0) return ok([]);
  const set = machine.run([...place.enter, 'sh', '-c', IN_FOLDER, place.folder, ...RESTORE_ARGUMENTS], {
    input: renderAttributes(attributes),
  });
  if (set.code === 0 && set.stderr === '') return ok([]);
  const lines = set.stderr.trim().split('\n');
  // A tmpfs takes attributes of users from Linux 6.6 on; the rest of the machine is no worse without them.
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
