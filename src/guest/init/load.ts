/** Phase "load": the base, from the storage device into RAM. */
import type { LoadedImage } from '../../core/boot/record.js';
import type { ImageInfo } from '../../core/image/image.js';
import type { Manifest } from '../../core/image/manifest.js';
import { wrongKind } from '../../core/image/problems.js';
import { err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { toHundredths } from '../../core/text/time.js';
import { mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { BASE, VIEW } from './folders.js';
import { holdFileSystem } from './hold.js';
import { type ImageFile, readInfo } from './images.js';
import { checkBase } from './kernel.js';
import { loadImage, type Unpacked } from './load-image.js';
import { checkMountPoints } from './mount-points.js';
import { checkLeft, checkRoom, filledUp, needOf, needOfImage, shrinkRam } from './ram.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import type { Undo } from './undo.js';

/** Reads and checks the manifest: the base and the running kernel must match. */
export function readBase(machine: GuestSystem, base: ImageFile): Result<ImageInfo> {
  const info = readInfo(machine, base);
  if (!info.ok || info.value.manifest === undefined) return info;
  const { manifest } = info.value;
  if (manifest.kind !== 'base') {
    const why = `its manifest says it is a ${manifest.kind}`;
    return err(wrongKind('base', base.shown, why, 'replace it with a base'));
  }
  const fits = checkBase(machine, base, [manifest.kernelRelease]);
  return fits.ok ? info : fits;
}

/** Loads the base into RAM: into the mounted RAM file system, or beside it. */
export function loadBase(
  machine: GuestSystem,
  settings: Settings,
  base: ImageFile,
  info: ImageInfo,
  undo: Undo,
): Result<LoadedImage> {
  const start = machine.uptime();
  const { manifest } = info;
  mustMakeFolder(machine, VIEW, 0o700);
  const loaded =
    info.format === 'erofs'
      ? holdBase(machine, settings, base, info, undo)
      : unpackBase(machine, settings, base, manifest);
  if (!loaded.ok) return loaded;
  const { bytes, warnings, checked } = loaded.value;
  const seconds = machine.uptime() - start;
  const rate = formatBytes(bytes / Math.max(seconds, 0.01));
  const check = checked === undefined ? '' : `, ${checked.toFixed(1)} s of it to check`;
  const unverified = manifest === undefined ? ', unverified: it has no manifest' : '';
  say(machine, `loaded ${formatBytes(bytes)} in ${seconds.toFixed(1)} s${check}, ${rate}/s${unverified}`);
  for (const warning of warnings) say(machine, `warning: ${warning}`);
  return ok({
    ...loadedImage('base', base, manifest, { bytes, warnings }, seconds),
    ...(info.format === 'erofs' ? { format: info.format } : {}),
    ...(checked === undefined ? {} : { checkSeconds: toHundredths(checked) }),
  });
}

/** The record of a loaded image. */
export function loadedImage(
  kind: LoadedImage['kind'],
  image: ImageFile,
  manifest: Manifest | undefined,
  { bytes, warnings }: Unpacked,
  seconds: number,
): LoadedImage {
  const { highest = undefined } = manifest?.kind === 'layer' ? manifest.layer : {};
  return {
    kind,
    file: image.shown,
    ...(highest === undefined ? {} : { highest }),
    ...(manifest === undefined
      ? {}
      : { id: manifest.id, name: manifest.name, created: manifest.created, inodes: needOf(manifest).names }),
    verified: manifest !== undefined,
    bytes: image.bytes,
    unpackedBytes: bytes,
    seconds: toHundredths(seconds),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** The result of loading a base. */
interface InRam extends Unpacked {
  /** Seconds taken by verifying its content, if that was a separate step. */
  readonly checked?: number;
}

function holdBase(
  machine: GuestSystem,
  settings: Settings,
  base: ImageFile,
  info: ImageInfo,
  undo: Undo,
): Result<InRam> {
  const need = needOfImage(info);
  if (need === undefined) throw new Error(`${base.shown} is not a file system`);
  const room = checkRoom(machine, settings, need, 'the base');
  if (!room.ok) return room;
  say(machine, `loading ${info.manifest?.name ?? base.shown}, ${formatBytes(need.bytes)}, one file system`);
  const held = holdFileSystem(machine, base, info, { folder: BASE, kind: 'base' }, undo);
  if (!held.ok) return held;
  shrinkRam(machine, need.bytes);
  const fits = info.manifest === undefined ? checkModules(machine, base) : ok();
  if (!fits.ok) return fits;
  const mountPoints = checkMountPoints(machine, base, BASE);
  return mountPoints.ok ? ok({ bytes: need.bytes, warnings: [], ...held.value }) : mountPoints;
}

function unpackBase(
  machine: GuestSystem,
  settings: Settings,
  base: ImageFile,
  manifest: Manifest | undefined,
): Result<InRam> {
  if (manifest === undefined) return unpackPlain(machine, settings, base);
  const room = checkRoom(machine, settings, needOf(manifest), 'the base');
  if (!room.ok) return room;
  const { length } = manifest.segments;
  say(machine, `loading ${manifest.name}, ${formatBytes(base.bytes)}, ${length} segments`);
  return loadImage(machine, base, manifest, BASE);
}

/** Loads a base of other tools, whose kernel is known only once it is unpacked. */
function unpackPlain(machine: GuestSystem, settings: Settings, base: ImageFile): Result<Unpacked> {
  say(machine, `loading ${base.shown}, ${formatBytes(base.bytes)}, one stream`);
  const unpacked = loadImage(machine, base, undefined, BASE);
  if (!unpacked.ok) {
    const { code, why = '' } = unpacked.problem;
    return code === 'ram-full' ? err(filledUp(machine, settings, 'the base', why)) : unpacked;
  }
  const left = checkLeft(machine, settings, 'the base');
  if (!left.ok) return left;
  const fits = checkModules(machine, base);
  return fits.ok ? unpacked : fits;
}

/** Checks whether the loaded base has modules for the running kernel, if it has any: it has no manifest. */
function checkModules(machine: GuestSystem, base: ImageFile): Result<void> {
  const releases = machine.list(`${BASE}/usr/lib/modules`) ?? machine.list(`${BASE}/lib/modules`) ?? [];
  return releases.length === 0 ? ok() : checkBase(machine, base, releases);
}
