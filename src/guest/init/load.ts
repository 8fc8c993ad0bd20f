/** Phase "load": the base, from the storage device into RAM. */
import type { LoadedImage } from '../../core/boot.js';
import type { Manifest } from '../../core/manifest.js';
import { err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/size.js';
import type { Machine } from '../machine.js';
import { must } from '../must.js';
import { type ImageFile, readManifest } from './images.js';
import { checkBase } from './kernel.js';
import { loadImage, type Unpacked } from './load-image.js';
import { BASE, VIEW } from './places.js';
import { checkLeft, checkRoom, filledUp, needOf } from './ram.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import { RAM_FULL } from './unpack.js';

/** Read and check the manifest: the base and the running kernel have to belong together. */
export function readBase(machine: Machine, base: ImageFile): Result<Manifest | undefined> {
  const manifest = readManifest(machine, base);
  if (!manifest.ok || manifest.value === undefined) return manifest;
  if (manifest.value.kind !== 'base') {
    const why = `its manifest says that it is a ${manifest.value.kind}`;
    return err({ what: 'this is no base', where: base.shown, why, next: 'put a base in its place' });
  }
  const fits = checkBase(machine, base, [manifest.value.kernelRelease]);
  return fits.ok ? manifest : fits;
}

/** Unpack the base into the RAM file system, which is mounted. */
export function loadBase(
  machine: Machine,
  settings: Settings,
  base: ImageFile,
  manifest: Manifest | undefined,
): Result<LoadedImage> {
  const start = machine.uptime();
  must(machine, ['mkdir', '-m', '0700', VIEW]);
  const unpacked = unpackBase(machine, settings, base, manifest);
  if (!unpacked.ok) return unpacked;
  const { bytes, warnings } = unpacked.value;
  const seconds = machine.uptime() - start;
  const rate = formatBytes(bytes / Math.max(seconds, 0.01));
  const unverified = manifest === undefined ? ', unverified: it has no manifest' : '';
  say(machine, `loaded ${formatBytes(bytes)} in ${seconds.toFixed(1)} s, ${rate}/s${unverified}`);
  for (const warning of warnings) say(machine, `warning: ${warning}`);
  return ok(loadedImage('base', base, manifest, { bytes, warnings }, seconds));
}

/** What is remembered of a loaded image. */
export function loadedImage(
  kind: LoadedImage['kind'],
  image: ImageFile,
  manifest: Manifest | undefined,
  { bytes, warnings }: Unpacked,
  seconds: number,
): LoadedImage {
  return {
    kind,
    file: image.shown,
    ...(manifest === undefined
      ? {}
      : { id: manifest.id, name: manifest.name, created: manifest.created, inodes: needOf(manifest).names }),
    verified: manifest !== undefined,
    bytes: image.bytes,
    unpackedBytes: bytes,
    seconds: Math.round(seconds * 100) / 100,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function unpackBase(
  machine: Machine,
  settings: Settings,
  base: ImageFile,
  manifest: Manifest | undefined,
): Result<Unpacked> {
  if (manifest === undefined) return unpackPlain(machine, settings, base);
  const room = checkRoom(machine, settings, needOf(manifest), 'the base');
  if (!room.ok) return room;
  const { length } = manifest.segments;
  say(machine, `loading ${manifest.name}, ${formatBytes(base.bytes)}, ${length} segments`);
  return loadImage(machine, base, manifest, BASE);
}

/** A base of other tools: what it is for shows only once it is unpacked. */
function unpackPlain(machine: Machine, settings: Settings, base: ImageFile): Result<Unpacked> {
  say(machine, `loading ${base.shown}, ${formatBytes(base.bytes)}, one stream`);
  const unpacked = loadImage(machine, base, undefined, BASE);
  if (!unpacked.ok) {
    const { what, why = '' } = unpacked.problem;
    return what === RAM_FULL ? err(filledUp(machine, settings, 'the base', why)) : unpacked;
  }
  const left = checkLeft(machine, settings, 'the base');
  if (!left.ok) return left;
  const releases = machine.list(`${BASE}/usr/lib/modules`) ?? machine.list(`${BASE}/lib/modules`) ?? [];
  if (releases.length === 0) return unpacked;
  const fits = checkBase(machine, base, releases);
  return fits.ok ? unpacked : fits;
}
