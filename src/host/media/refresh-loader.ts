/** Renews shim and GRUB on a medium, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { readPart } from '../set/folder.js';
import { askProgram } from '../sys/answer.js';
import { run } from '../sys/run.js';
import { coreSector, mbrCode, placedCore } from './bios.js';
import { makeCore } from './core-image.js';
import { Disk, deviceFailure, forgetCache, readBack } from './disk.js';
import { MTOOLS_ENV, stageEsp } from './esp.js';
import { SECTOR } from './layout.js';
import type { FoundMedium } from './medium.js';
import { byUuid } from './menu-place.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';

export interface LoaderRefresh {
  readonly target: string;
  readonly medium: FoundMedium;
  readonly tools: MediumTools;
  readonly scratch: string;
  readonly epoch: number;
}

/** Returns what was renewed: nothing where it has all of it. */
export async function refreshLoader(refresh: LoaderRefresh, signal: AbortSignal): Promise<Result<string[]>> {
  const bios = await refreshBios(refresh, signal);
  if (!bios.ok) return bios;
  const esp = await refreshEsp(refresh, signal);
  return esp.ok ? ok([...(bios.value ? ['GRUB for BIOS'] : []), ...esp.value]) : esp;
}

/** core.img goes into the half of its partition that is not in use; then one sector leads to it. */
async function refreshBios(
  { target, medium, tools, scratch }: LoaderRefresh,
  signal: AbortSignal,
): Promise<Result<boolean>> {
  const { start, bytes } = medium.bios;
  const core = await makeCore(tools, { place: byUuid(medium.uuid), scratch }, signal);
  if (!core.ok) return core;
  const mbr = Buffer.from(readPart(target, 0, SECTOR) ?? []);
  const [first, second] = [start / SECTOR, (start + bytes / 2) / SECTOR];
  const now = coreSector(mbr);
  const bootImage = readFileSync(join(tools.root, BOOT_PROGRAMS.bootImage));
  const codeFor = (sector: number): Buffer => Buffer.concat([mbrCode(bootImage, sector), mbr.subarray(440)]);
  const placed = placedCore(core.value, now);
  const there = Buffer.from(readPart(target, now * SECTOR, placed.length) ?? []);
  if (there.equals(placed) && mbr.equals(codeFor(now))) return ok(false);
  const next = now === first ? second : first;
  const pieces = [
    { at: next * SECTOR, bytes: placedCore(core.value, next) },
    { at: 0, bytes: codeFor(next) },
  ];
  try {
    await using disk = await Disk.open(target);
    for (const piece of pieces) {
      await disk.write(piece);
      await disk.flush();
    }
  } catch (cause) {
    return err(deviceFailure(target, cause));
  }
  if (!target.startsWith('/dev/')) return ok(true);
  const forgotten = await forgetCache(target, signal);
  if (!forgotten.ok) return forgotten;
  for (const piece of pieces) {
    const same = await readBack(target, piece, signal);
    if (!same.ok) return same;
  }
  return ok(true);
}

/** Each file is written beside the old one and takes its name once the medium has it. */
async function refreshEsp(
  { target, medium, tools, scratch, epoch }: LoaderRefresh,
  signal: AbortSignal,
): Promise<Result<string[]>> {
  const staged = stageEsp(tools, { scratch, place: byUuid(medium.uuid), epoch });
  const image = `${target}@@${medium.esp.start}`;
  const mtools = (command: string, ...args: string[]) => ({
    ...tools.programs.mtools(['-c', command, '-i', image, ...args]),
    env: MTOOLS_ENV,
  });
  const renewed: string[] = [];
  for (const { path, file } of staged) {
    const old = join(scratch, 'old');
    const read = await askProgram(mtools('mcopy', '-n', '-o', `::/${path}`, old), [1], { signal });
    if (!read.ok) return read;
    if (read.value.exitCode === 0 && readFileSync(old).equals(readFileSync(file))) continue;
    const done = await replace(mtools, path, file, { target, isThere: read.value.exitCode === 0 });
    if (!done.ok) return done;
    renewed.push(path);
  }
  return ok(renewed);
}

type Mtools = (command: string, ...args: string[]) => ReturnType<MediumTools['programs']['mtools']>;

/** `isThere`: not so where a power cut came between the two commands that are not interrupted. */
async function replace(
  mtools: Mtools,
  path: string,
  file: string,
  { target, isThere }: { readonly target: string; readonly isThere: boolean },
): Promise<Result<void>> {
  const made = `::/${path}.new`;
  const steps = [
    [mtools('mcopy', '-m', '-o', file, made)],
    // Between these two a machine with UEFI would not find it: they are not interrupted.
    [...(isThere ? [mtools('mdel', `::/${path}`)] : []), mtools('mren', made, `::/${path}`)],
  ];
  for (const commands of steps) {
    for (const command of commands) {
      const done = await run(command);
      if (!done.ok) return done;
    }
    await using disk = await Disk.open(target);
    await disk.flush();
  }
  return ok();
}
