/** A hybrid ISO: boots from CD and, copied to a stick as it is, by BIOS and by UEFI with Secure Boot. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelParameter } from '../../core/boot/cmdline.js';
import { ok, type Result } from '../../core/result.js';
import type { Command } from '../sys/command.js';
import { run } from '../sys/run.js';
import { makeCore } from './core-image.js';
import { makeEsp, stageEsp } from './esp.js';
import { MIB } from './layout.js';
import { byLabel, deviceOf, plainDevices } from './menu-place.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';
import type { SetFile } from './source.js';
import { mediumTree } from './tree.js';

export interface IsoPlan {
  /** Its volume id, by which it finds itself: it follows from the content. */
  readonly label: string;
  readonly files: readonly SetFile[];
  readonly own: readonly KernelParameter[];
  /** The time of everything in it, in seconds since the epoch. */
  readonly epoch: number;
  /** Serial number of its ESP, eight hexadecimal digits. */
  readonly volume: string;
}

/** The label from a seed: capitals, digits and underscores alone, as ISO 9660 wants it, at most 32. */
export function isoLabel(seed: string): string {
  return `MKMA_${seed.slice(0, 24).toUpperCase()}`;
}

/** The ESP has shim and GRUB alone; FAT32 needs this many clusters of a sector. */
const ESP = 34 * MIB;

/** A path on the ISO, and the file of this host. */
type Pair = readonly [to: string, from: string];

/** GRUB's image for CDs: on the ISO, from its top. */
const ELTORITO = 'boot/grub/eltorito.img';

/** Makes it at `target`, which is overwritten. `onShare`: how much of it is done, from 0 to 1. */
export async function makeIso(
  tools: MediumTools,
  plan: IsoPlan,
  { target, scratch }: { readonly target: string; readonly scratch: string },
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<Result<void>> {
  const place = byLabel(plan.label);
  const { epoch, volume } = plan;
  const esp = await makeEsp(tools, { scratch, bytes: ESP, place, volume, epoch }, signal);
  if (!esp.ok) return esp;
  const core = await makeCore(tools, { place, scratch }, signal);
  if (!core.ok) return core;
  const eltorito = join(scratch, 'eltorito.img');
  const cdboot = readFileSync(join(tools.root, BOOT_PROGRAMS.cdBootImage));
  writeFileSync(eltorito, Buffer.concat([cdboot, core.value]));
  const list = join(scratch, 'files');
  // A copy of what the ESP has: xorriso wants it for those who copy files of an ISO to a stick by hand.
  const copies = stageEsp(tools, { scratch, place, epoch }).map(({ path, file }): Pair => [path, file]);
  writeFileSync(list, pathList(plan, [[ELTORITO, eltorito], ...copies], scratch));
  const command = isoCommand(tools, plan, { esp: esp.value, list, target });
  const onLine = (line: string): void => {
    const share = /([\d.]+)% done/.exec(line)?.[1];
    if (share !== undefined) onShare(Number(share) / 100);
  };
  const done = await run(command, { signal, onLine });
  return done.ok ? ok() : done;
}

/** Arguments of xorrisofs(1): as grub-mkrescue(1) makes ISOs, with the ESP as a partition of its own. */
function isoCommand(
  { root, programs }: MediumTools,
  { label, epoch }: IsoPlan,
  { esp, list, target }: { readonly esp: string; readonly list: string; readonly target: string },
): Command {
  const date = isoDate(epoch);
  const args = [
    ...['-as', 'mkisofs', '-graft-points', '-path-list', list, '-output', target],
    ...['-volid', label, '-R', '-uid', '0', '-gid', '0', '-dir-mode', '0755', '-iso-level', '3'],
    ...[`--modification-date=${date}`, '--set_all_file_dates', date, '--gpt_disk_guid', 'modification-date'],
    // BIOS from CD, and from a stick: its first partition is the ISO itself, for those who mount that.
    ...['--grub2-mbr', join(root, BOOT_PROGRAMS.hybridImage), '-partition_offset', '16'],
    ...['-eltorito-boot', ELTORITO, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
    ...['--grub2-boot-info', '-eltorito-catalog', 'boot/grub/boot.cat'],
    // UEFI: the same partition from CD and stick.
    ...['-append_partition', '2', '0xef', esp],
    ...['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
  ];
  return { ...programs.xorriso(args), env: { SOURCE_DATE_EPOCH: String(epoch), TZ: 'UTC' } };
}

/** YYYYMMDDhhmmsscc in UTC, as xorriso takes it. */
function isoDate(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 16);
}

/** Which file of this host becomes which on the ISO, a line each. Small ones are made in `scratch`. */
function pathList({ label, files, own }: IsoPlan, more: readonly Pair[], scratch: string): string {
  const pairs: Pair[] = [...more];
  for (const entry of mediumTree({ devices: plainDevices(deviceOf(byLabel(label))), files, own })) {
    if ('file' in entry) pairs.push([entry.path, entry.file.from]);
    if (!('text' in entry)) continue;
    const file = join(scratch, `text-${pairs.length}`);
    writeFileSync(file, entry.text);
    pairs.push([entry.path, file]);
  }
  return pairs.map(([to, from]) => `${grafted(to)}=${grafted(from)}\n`).join('');
}

/** A path in a graft point: `=` and backslashes are escaped (xorrisofs(1), -graft-points). */
function grafted(path: string): string {
  return path.replace(/[\\=]/g, '\\$&');
}
