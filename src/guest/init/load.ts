/** Phase "load": the base, from the storage device into RAM. */
import type { LoadedImage } from '../../core/boot.js';
import { INITRAMFS } from '../../core/contract.js';
import { newcTrailer } from '../../core/cpio.js';
import { parseInitramfsManifest } from '../../core/initramfs.js';
import type { Manifest } from '../../core/manifest.js';
import { err, ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/size.js';
import type { Machine } from '../machine.js';
import { type ImageFile, readInfo } from './images.js';
import { must } from './must.js';
import { STORAGE, TRAILER_FRAME, VIEW } from './places.js';
import { checkRoom, countNames, filledUp, measure } from './ram.js';
import { say } from './say.js';
import type { Settings } from './settings.js';
import { unpackSegments, unpackStream } from './unpack.js';

const BASE = `${VIEW}/base`;

/** Share of an image after which a line of progress is due. */
const STEP = 0.25;

/** Read and check the manifest: the base and the running kernel have to belong together. */
export function readBase(machine: Machine, base: ImageFile): Result<Manifest | undefined> {
  const info = readInfo(machine, base);
  if (!info.ok) return info;
  const { manifest } = info.value;
  if (manifest === undefined) return ok(undefined);
  const running = kernelRelease(machine);
  return manifest.kernelRelease === running ? ok(manifest) : mismatch(base, manifest.kernelRelease, running);
}

/** Unpack the base into the RAM file system, which is mounted. */
export function loadBase(
  machine: Machine,
  settings: Settings,
  base: ImageFile,
  manifest: Manifest | undefined,
): Result<LoadedImage> {
  const start = machine.uptime();
  const file = base.path.slice(STORAGE.length);
  machine.run(['mkdir', '-m', '0700', VIEW]);
  const before = measure(machine).freeInodes;
  machine.run(['mkdir', BASE]);
  const unpacked =
    manifest === undefined
      ? loadPlain(machine, settings, base)
      : loadSegments(machine, settings, base, manifest, before);
  if (!unpacked.ok) return unpacked;
  const seconds = machine.uptime() - start;
  const unpackedBytes = unpacked.value;
  const rate = formatBytes(unpackedBytes / Math.max(seconds, 0.01));
  const unverified = manifest === undefined ? ', unverified: it has no manifest' : '';
  say(machine, `loaded ${formatBytes(unpackedBytes)} in ${seconds.toFixed(1)} s, ${rate}/s${unverified}`);
  const names = manifest === undefined ? {} : { id: manifest.id, name: manifest.name };
  const verified = manifest !== undefined;
  return ok({ kind: 'base', file, ...names, verified, bytes: base.bytes, unpackedBytes, seconds });
}

function loadSegments(
  machine: Machine,
  settings: Settings,
  base: ImageFile,
  manifest: Manifest,
  freeBefore: number,
): Result<number> {
  const room = checkRoom(machine, settings, manifest);
  if (!room.ok) return room;
  makeTrailerFrame(machine);
  const total = manifest.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  say(machine, `loading ${manifest.name}, ${formatBytes(base.bytes)}, ${manifest.segments.length} segments`);
  let told = 0;
  const unpacked = unpackSegments(machine, base, manifest, BASE, (bytes) => {
    const share = bytes / total;
    if (share < told + STEP || bytes === total) return;
    told = share;
    say(machine, `  ${Math.floor(share * 100)} %, ${formatBytes(bytes)}`);
  });
  if (!unpacked.ok) return unpacked;
  const got = freeBefore - measure(machine).freeInodes;
  const expected = countNames(manifest);
  if (got === expected) {
    // cpio leaves the folder that it unpacks into as it is.
    const { mode, uid, gid } = manifest.root;
    must(machine, ['chown', `${uid}:${gid}`, BASE]);
    must(machine, ['chmod', mode.toString(8), BASE]);
    return ok(manifest.unpackedBytes);
  }
  return err({
    what: 'the image was not unpacked whole',
    where: base.path.slice(STORAGE.length),
    why: `its manifest counts ${expected} files, ${got} are there`,
    next: 'copy or build it again; if that does not help, please report it',
  });
}

function loadPlain(machine: Machine, settings: Settings, base: ImageFile): Result<number> {
  say(machine, `loading ${base.path.slice(STORAGE.length)}, ${formatBytes(base.bytes)}, one stream`);
  const unpacked = unpackStream(machine, base, BASE);
  if (!unpacked.ok) {
    const why = unpacked.problem.why ?? '';
    return why.includes('No space left') ? err(filledUp(machine, settings, why)) : unpacked;
  }
  const releases = machine.list(`${BASE}/usr/lib/modules`) ?? machine.list(`${BASE}/lib/modules`) ?? [];
  const running = kernelRelease(machine);
  if (releases.length > 0 && !releases.includes(running)) {
    return mismatch(base, releases.join(', '), running);
  }
  const du = machine.run(['du', '-sk', BASE]);
  return ok(Number.parseInt(du.stdout, 10) * 1024);
}

/** zstd reads this file after a segment, as if it were the segment's end. */
function makeTrailerFrame(machine: Machine): void {
  const raw = `${TRAILER_FRAME}.raw`;
  const written = machine.write(raw, newcTrailer());
  const zstd = machine.run(['zstd', '-qf', raw, '-o', TRAILER_FRAME]);
  if (!written || zstd.code !== 0) throw new Error(`cannot write ${TRAILER_FRAME}: ${zstd.stderr}`);
}

/** `uname -r` of the running kernel. */
export function kernelRelease(machine: Machine): string {
  return (machine.readText('/proc/sys/kernel/osrelease') ?? '').trim();
}

/** The initramfs carries modules for one kernel: any other would leave it without drivers. */
export function checkKernel(machine: Machine): Result<void> {
  const manifest = parseInitramfsManifest(machine.readText(`/${INITRAMFS.manifest}`) ?? '');
  if (!manifest.ok) return manifest;
  const built = manifest.value.kernelRelease;
  const running = kernelRelease(machine);
  if (built === running) return ok();
  return err({
    what: 'the kernel and the initramfs do not belong together',
    why: `running kernel: ${running}; the initramfs has modules for: ${built}`,
    next: 'let the boot loader load vmlinuz and initramfs.cpio.zst of the same build',
  });
}

function mismatch(base: ImageFile, built: string, running: string): Result<never> {
  return err({
    what: 'the kernel and the base do not belong together',
    where: base.path.slice(STORAGE.length),
    why: `running kernel: ${running}; the base has modules for: ${built}`,
    next: 'let the boot loader load vmlinuz and initramfs.cpio.zst of the build that made this base',
  });
}
