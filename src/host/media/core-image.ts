/** GRUB's core for BIOS, with all modules that it needs and the place of its menu. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { ok, type Result } from '../../core/result.js';
import { run } from '../sys/run.js';
import { earlySearch, type MenuPlace } from './menu-place.js';
import { BOOT_PROGRAMS, type MediumTools } from './programs.js';

/** Modules in it: all that the menu uses, so that no other files of GRUB are needed on the medium. */
const MODULES: readonly string[] = [
  ...['biosdisk', 'part_gpt', 'part_msdos', 'search', 'search_fs_uuid', 'search_label', 'normal'],
  ...['configfile', 'linux', 'serial', 'terminal', 'echo', 'test', 'sleep', 'minicmd', 'ls', 'cat'],
  ...['reboot', 'halt', 'all_video', 'vbe', 'vga', 'video_bochs', 'video_cirrus'],
];

/** The file system of the menu decides the rest. */
const FILE_SYSTEMS = { UUID: 'ext2', LABEL: 'iso9660' } as const;

export interface CoreRequest {
  readonly place: MenuPlace;
  readonly scratch: string;
}

/** Makes it with grub-mkimage(1). */
export async function makeCore(
  { root, programs }: MediumTools,
  { place, scratch }: CoreRequest,
  signal: AbortSignal,
): Promise<Result<Buffer>> {
  const [early, out] = [join(scratch, 'early.cfg'), join(scratch, 'core.img')];
  writeFileSync(early, `${earlySearch(place)}\nset prefix=($root)${MEDIUM.grub}\n`);
  const where = ['--directory', join(root, BOOT_PROGRAMS.grubPc), '--prefix', MEDIUM.grub];
  const modules = [...MODULES, FILE_SYSTEMS[place.tag]];
  const args = ['--format', 'i386-pc', ...where, '--config', early, '--output', out, ...modules];
  const made = await run(programs.grubMkimage(args), { signal });
  return made.ok ? ok(readFileSync(out)) : made;
}
