/** Loads one image, base or layer, into a folder of the RAM file system. */
import { type Manifest, recordCount } from '../../core/image/manifest.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import type { ImageFile } from './images.js';
import { inJail, type Place } from './jail.js';
import { makeMetadata } from './metadata.js';
import { checkMountPoints } from './mount-points.js';
import { measure } from './ram.js';
import { makeWhiteouts, restoreAttributes } from './restore.js';
import { say } from './say.js';
import { type OnProgress, settleFolders, unpackSegments, unpackStream } from './unpack.js';

/** Share of an image after which progress is printed, and bytes below which it is not. */
const STEP = 0.25;
const WORTH_TELLING = 64 * 2 ** 20;

/** The result of loading an image. */
export interface Unpacked {
  /** Bytes of its content in RAM. */
  readonly bytes: number;
  readonly warnings: readonly string[];
}

/**
 * Unpacks an image into `folder`, which is created. With a manifest, everything in it is checked and
 * restored; without one, only the archive is. On failure the folder is left as it is.
 */
export function loadImage(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest | undefined,
  folder: string,
): Result<Unpacked> {
  const before = measure(machine).freeInodes;
  mustMakeFolder(machine, folder);
  const loaded = inJail(machine, folder, (place) =>
    manifest === undefined
      ? loadPlain(machine, image, folder, place)
      : loadSegments(machine, image, manifest, folder, place, before),
  );
  if (!loaded.ok) return loaded;
  const fit = checkMountPoints(machine, image, folder);
  return fit.ok ? loaded : fit;
}

function loadSegments(
  machine: GuestSystem,
  image: ImageFile,
  manifest: Manifest,
  folder: string,
  place: Place,
  before: number,
): Result<Unpacked> {
  const unpacked = unpackSegments(machine, image, manifest, place, progress(machine, manifest));
  if (!unpacked.ok) return unpacked;
  // An archive may lack the folder itself.
  const { mode, uid, gid } = manifest.root;
  must(machine, ['chown', `${uid}:${gid}`, folder]);
  must(machine, ['chmod', mode.toString(8), folder]);
  // Counted before attributes are set: those of users take inodes of a tmpfs as well.
  const records = recordCount(manifest);
  const got = before - measure(machine).freeInodes;
  if (got !== records) return err(notWhole(image, records, got));
  const hidden = makeWhiteouts(machine, image, manifest, place);
  if (!hidden.ok) return hidden;
  const made = makeMetadata(machine, image, manifest, place);
  if (!made.ok) return made;
  const settled = settleFolders(machine, image, manifest, place);
  if (!settled.ok) return settled;
  const restored = restoreAttributes(machine, image, manifest, place);
  return restored.ok ? ok({ bytes: manifest.unpackedBytes, warnings: restored.value }) : restored;
}

function notWhole(image: ImageFile, expected: number, got: number): Problem {
  return {
    code: 'image-incomplete',
    what: 'the image was not unpacked completely',
    where: image.shown,
    why: `its manifest lists ${expected} files, but ${got} were unpacked`,
    next: 'copy or build it again; if it fails again, please report it',
  };
}

function loadPlain(machine: GuestSystem, image: ImageFile, folder: string, place: Place): Result<Unpacked> {
  const unpacked = unpackStream(machine, image, place);
  if (!unpacked.ok) return unpacked;
  const kibibytes = Number.parseInt(must(machine, ['du', '-sk', folder]), 10);
  return ok({ bytes: kibibytes * 1024, warnings: [] });
}

/** Prints progress, by the bytes of the archive. */
function progress(machine: GuestSystem, manifest: Manifest): OnProgress {
  const total = manifest.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const start = machine.uptime();
  let shown = 0;
  return (bytes) => {
    const share = bytes / total;
    if (total < WORTH_TELLING || share < shown + STEP || bytes === total) return;
    shown = share;
    const rate = formatBytes(bytes / Math.max(machine.uptime() - start, 0.01));
    say(machine, `  ${Math.floor(share * 100)} %, ${formatBytes(bytes)}, ${rate}/s`);
  };
}
