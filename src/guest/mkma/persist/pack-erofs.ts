/**
 * Makes a layer that is an EROFS file system: the packer writes all of it as one archive into the pipe from
 * which mkfs.erofs reads, so that no copy of it is in RAM.
 */

import type { Plan } from '../../../core/image/archive-plan.js';
import { readSuperblock, SUPERBLOCK_END } from '../../../core/image/erofs/superblock.js';
import { encodeHead, encodeManifest } from '../../../core/image/image.js';
import type { LayerManifest } from '../../../core/image/manifest.js';
import { tarRecords } from '../../../core/image/tar-plan.js';
import { showPath } from '../../../core/overlay/change-list.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { parentOf } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import type { TarPlan } from '../../packer/plan.js';
import { sumOf } from '../../records.js';
import { COPIES } from '../../still/plan.js';
import type { PartResult, RunningSystem } from '../../system.js';
import { measureFileSystem } from '../room.js';
import { FRESH } from '../view.js';
import { makeAliases } from './aliases.js';
import { cannotWrite } from './assembly.js';
import { INTERRUPTED } from './interrupted.js';
import { layerManifest } from './layer-manifest.js';
import {
  failureOf,
  notesOf,
  type PackedLayer,
  type PackOptions,
  wasInterrupted,
  wasKilled,
} from './packing.js';
import { WORK } from './work.js';

/**
 * As the host makes a base (host/pack/erofs.ts), but by one worker: with several, images of some versions
 * were damaged. Times are those of the files alone.
 */
const LAYOUT = ['-C65536', '-Eztailpacking', '-b4096', '-T0', '--mkfs-time', '--workers=1'];

/** Fills the file. The work folder is mounted. */
export function packFileSystem(machine: RunningSystem, options: PackOptions): Result<PackedLayer> {
  const { plan, view, facts, level, target, feed } = options;
  const odd = unsupported(plan);
  if (odd !== undefined) return err(odd);
  const folder = parentOf(target);
  const { free } = measureFileSystem(machine, folder);
  const room = checkRoom(free, plan.bytes);
  if (!room.ok) return room;
  const records = tarRecords(plan, facts.layer.deletions, facts.layer.opaque);
  const fed = feed?.of('all', records);
  const aliases = fed === undefined ? makeAliases(machine, plan, view) : {};
  const sources = { root: FRESH, view, copies: COPIES, aliases };
  const tar: TarPlan = { form: 'pax', ...sources, records: fed?.records ?? records };
  if (!machine.write(`${WORK}/plan`, JSON.stringify(tar))) throw new Error(`cannot write ${WORK}/plan`);
  const packer = ['qjs', '-m', '/usr/lib/mkma/pack.js', 'plan'];
  const mkfs = ['mkfs.erofs', '--quiet', '-d1', `-zzstd,level=${level}`, ...LAYOUT, '--tar=f', target];
  const inFolder = ['env', `TMPDIR=${folder}`, ...mkfs];
  let parts: readonly PartResult[] = [];
  const all = fed === undefined ? [packer, inFolder] : [fed.argv, packer, inFolder];
  machine.pipelines([{ cwd: WORK, parts: all }], 1, (_, ended) => {
    parts = ended;
    return true;
  });
  if (wasInterrupted(machine, parts)) return err(INTERRUPTED);
  const problem = problemOf(machine, parts, folder);
  if (problem !== undefined) return err(problem);
  const size = markAsImage(machine, target, plan.inodes + facts.layer.deletions.length);
  if (!size.ok) return size;
  const sums = sumsOf(machine, target);
  const { attributes } = plan;
  const segment = { size: size.value, bytes: size.value, frames: 0, sha256: sums.sha256 };
  const manifest: LayerManifest = layerManifest(machine, facts, {
    needs: ['erofs'],
    ...{ unpackedBytes: size.value, inodes: plan.inodes, root: plan.root },
    segments: [{ ...segment, records: records.length }],
    attributes: attributes.filter(({ path }) => path === '.'),
    erofs: { xxh64: sums.xxh64 },
  });
  const frame = encodeManifest(manifest);
  const wrong = append(machine, frame, target);
  if (wrong !== undefined) return err(cannotWrite(wrong));
  return ok({ manifest, bytes: size.value + frame.length, ...notesOf(parts.at(-2) as PartResult) });
}

/**
 * mkfs.erofs keeps the content as it is at the end of the file, or of another in that folder, until it is
 * compressed. A problem if there is no room for that.
 */
function checkRoom(free: number, bytes: number): Result<void> {
  if (free >= bytes) return ok();
  return err({
    ...cannotWrite('No space left on device'),
    why: `mkfs.erofs needs ${formatBytes(bytes)} there while it works, and ${formatBytes(free)} are free`,
    next: 'use --format cpio, which needs less, save less, or free some space there; nothing was saved',
  });
}

/** Most bytes of extended attributes on a file: mkfs.erofs 1.8.6 fails between 32,000 and 40,000. */
const MOST_ATTRIBUTES = 32_000;

/** What mkfs.erofs cannot store, or would store under another name. */
function unsupported({ attributes }: Plan): Problem | undefined {
  for (const { path, values } of attributes) {
    const bytes = Object.values(values).reduce((sum, value) => sum + (value.length * 3) / 4, 0);
    // In pax a keyword ends at the first one.
    const odd = Object.keys(values).some((name) => name.includes('='));
    if (!odd && bytes <= MOST_ATTRIBUTES) continue;
    const what = odd ? 'an extended attribute with = in its name' : `${formatBytes(bytes)} of attributes`;
    return {
      code: 'packing-failed',
      what: 'cannot pack the layer',
      where: showPath(path),
      why: `${showPath(path)} has ${what}, which mkfs.erofs cannot store`,
      next: 'save it with --format cpio; nothing was saved',
    };
  }
  return undefined;
}

/** Bytes that mkfs.erofs leaves free, at most, on a medium that it has filled: it writes larger pieces. */
const FULL = 4 * 2 ** 20;

/** mkfs.erofs reports a full medium as one thing or another, and makes the packer fail as well. */
function problemOf(
  machine: RunningSystem,
  parts: readonly PartResult[],
  folder: string,
): Problem | undefined {
  const problem = failureOf(parts);
  if (problem?.code !== 'packing-failed' || wasKilled(parts)) return problem;
  const mkfs = parts.at(-1);
  if (mkfs !== undefined && mkfs.code !== 0) {
    const told = /No space left|Disk quota|File too large/.test(mkfs.stderr);
    const full = told || measureFileSystem(machine, folder).free < FULL;
    if (full) return { ...cannotWrite('No space left on device'), why: problem.why ?? '' };
  }
  return { ...problem, next: 'save it with --format cpio; if that fails too, see dmesg; nothing was saved' };
}

/**
 * Writes the head into the unused part of the file system. Returns the file system's size, if it has so many
 * inodes and nothing follows it: at a record that it cannot parse, mkfs.erofs ends without a failure.
 */
function markAsImage(machine: RunningSystem, target: string, inodes: number): Result<number> {
  const superblock = readSuperblock(machine.readAt(target, 0, SUPERBLOCK_END) ?? new Uint8Array(0));
  const bytes = machine.info(target)?.size;
  if (superblock === undefined || superblock.inodes !== inodes || superblock.size !== bytes) {
    const made = superblock === undefined ? 'no file system' : `${superblock.inodes} inodes`;
    return err({
      code: 'packing-failed',
      what: 'cannot pack the layer',
      why: `mkfs.erofs made ${made} in ${bytes} bytes instead of ${inodes} inodes`,
      next: 'save it with --format cpio, and please report this; nothing was saved',
    });
  }
  const head = `${WORK}/head`;
  if (!machine.write(head, encodeHead())) throw new Error(`cannot write ${head}`);
  const written = machine.run(['dd', `if=${head}`, `of=${target}`, 'conv=notrunc', 'status=none']);
  return written.code === 0 ? ok(superblock.size) : err(cannotWrite(written.stderr.trim()));
}

/** Both checksums of the file, at the same time: it is still in the page cache. */
function sumsOf(machine: RunningSystem, target: string): { readonly sha256: string; readonly xxh64: string } {
  const sha256 = machine.start(['sha256sum', target]);
  const xxh64 = machine.run(['xxhsum', '-q', '-H64', target]);
  const sums = [sha256(), xxh64] as const;
  for (const { code, stderr } of sums) if (code !== 0) throw new Error(`no checksum of ${target}: ${stderr}`);
  return { sha256: sumOf(sums[0].stdout), xxh64: sums[1].stdout.slice(0, 16) };
}

/** Returns the system's error, if any. */
function append(machine: RunningSystem, bytes: Uint8Array, target: string): string | undefined {
  const piece = `${WORK}/piece`;
  if (!machine.write(piece, bytes)) throw new Error(`cannot write ${piece}`);
  return machine.moveOnto(piece, target);
}
