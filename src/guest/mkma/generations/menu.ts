/** The boot loader's menu, where it is on the storage itself: it follows the generations. */
import type { KernelParameter } from '../../../core/boot/cmdline.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { generationEntries, machineName } from '../../../core/generations/entries.js';
import type { Generations } from '../../../core/generations/read.js';
import { type BootEntry, pathIn, WRITTEN_ENTRIES } from '../../../core/loader/entry.js';
import { hasGrubEntries, withGrubEntries } from '../../../core/loader/grub.js';
import { isMediumMenu, MEDIUM, mediumMenu } from '../../../core/loader/medium-menu.js';
import { isSystemdBootFile, systemdBootEntry, systemdBootFile } from '../../../core/loader/systemd-boot.js';
import { err, ok, type Result } from '../../../core/result.js';
import { placeInside } from '../../resolve.js';
import type { RunningSystem } from '../../system.js';
import type { MenuPlace } from './boot-device.js';
import { imagesPath } from './folder.js';

/** Folders of `custom.cfg` on a file system that is a root, or a boot partition (find.ts of the host). */
const GRUB_FOLDERS = ['boot/grub', 'boot/grub2', 'grub', 'grub2'];
/** Folder of systemd-boot's entries, from the top of an ESP. */
const ENTRIES = 'loader/entries';

/** A file of a menu, and its new content; none: it is removed. */
interface Write {
  readonly file: string;
  readonly content?: string;
}

/**
 * Brings menus on the storage up to date; returns their files. Empty if none has entries of this machine's
 * images: then the menu is elsewhere. Each is written beside, flushed to where a boot loader reads it, which
 * replays no journal, and renamed. `storage`: where the file system with the images is mounted.
 */
export function updateMenus(
  machine: RunningSystem,
  record: BootRecord,
  { storage, root, bootDevice }: MenuPlace & { readonly storage: string },
  generations: Generations,
): Result<string[]> {
  const images = imagesPath(record);
  const written = machine.readText(`${placeInside(machine, storage, images)}/${WRITTEN_ENTRIES}`);
  const { asked, opening } = record.storage;
  const { name = machineName(generations), append = [] } = optionsIn(written);
  const place = { device: asked, images, append, opening, name, bootDevice };
  const entries = generationEntries(generations, place);
  const writes = [
    ...mediumWrites(machine, root, entries, images),
    ...grubWrites(machine, root, name, entries, images),
    ...systemdBootWrites(machine, root, name, entries, images),
  ];
  for (const write of writes) {
    const done = put(machine, root, write);
    if (!done.ok) return done;
  }
  return ok(writes.map(({ file }) => `/${file}`));
}

/** What the host wrote entries of this folder with: their name, and kernel parameters that it adds. */
function optionsIn(written: string | undefined): {
  readonly name?: string;
  readonly append?: readonly KernelParameter[];
} {
  try {
    return JSON.parse(written ?? '{}');
  } catch {
    return {};
  }
}

/** Whether a text of entries is about generations in this images folder. */
function names(text: string, images: string): boolean {
  return text.includes(`mkma_images_path=${pathIn(images, 'generations/')}`);
}

/** The menu of a medium that mkma installed. */
function mediumWrites(
  machine: RunningSystem,
  root: string,
  entries: readonly BootEntry[],
  images: string,
): Write[] {
  const text = images === MEDIUM.images ? machine.readText(root + MEDIUM.menu) : undefined;
  if (text === undefined || !isMediumMenu(text)) return [];
  // By its UUID, however this boot was asked for it.
  const [, device] = /\bmkma_storage_device=(UUID=\S+)/.exec(text) ?? [];
  const named = device === undefined ? entries : entries.map((entry) => ({ ...entry, device }));
  return [{ file: MEDIUM.menu.slice(1), content: mediumMenu(named) }];
}

function grubWrites(
  machine: RunningSystem,
  root: string,
  name: string,
  entries: readonly BootEntry[],
  images: string,
): Write[] {
  return GRUB_FOLDERS.flatMap((folder) => {
    const file = `${folder}/custom.cfg`;
    const text = machine.readText(`${root}/${file}`);
    if (text === undefined || !hasGrubEntries(text, name) || !names(text, images)) return [];
    const content = withGrubEntries(text, name, entries);
    return content.ok ? [{ file, content: content.value }] : [];
  });
}

/** Where the images are on the ESP, systemd-boot loads them in place. */
function systemdBootWrites(
  machine: RunningSystem,
  root: string,
  name: string,
  entries: readonly BootEntry[],
  images: string,
): Write[] {
  const there = (machine.list(`${root}/${ENTRIES}`) ?? []).filter((file) => isSystemdBootFile(file, name));
  const isOurs = (file: string): boolean =>
    names(machine.readText(`${root}/${ENTRIES}/${file}`) ?? '', images);
  if (!there.some(isOurs)) return [];
  const writes = entries.map((entry) => ({
    file: `${ENTRIES}/${systemdBootFile(entry)}`,
    content: `${systemdBootEntry(entry, entry.path).join('\n')}\n`,
  }));
  const kept = new Set(writes.map(({ file }) => file));
  const gone = there.map((file) => `${ENTRIES}/${file}`).filter((file) => !kept.has(file));
  return [...writes, ...gone.map((file) => ({ file }))];
}

/**
 * Freezing writes a journal's content to its place (fsfreeze(8)); file systems without a journal refuse it,
 * and need nothing. No signal of a terminal leaves it frozen.
 */
const CHECKPOINT = `trap '' INT TERM HUP QUIT
fsfreeze --freeze "$0" 2>/dev/null || exit 0
exec fsfreeze --unfreeze "$0"`;

/**
 * Replaces a file so that a boot loader, which replays no journal, reads the old or the new one at each
 * moment: the new one is in its place on the medium before it is renamed, and the old one keeps another name
 * until the rename is. Otherwise its inode may be freed there while its folder still names it.
 */
function put(machine: RunningSystem, root: string, { file, content }: Write): Result<void> {
  const path = `${root}/${file}`;
  const folder = path.slice(0, path.lastIndexOf('/'));
  const [made, old] = [`${folder}/.mkma.new`, `${folder}/.mkma.old`];
  const checkpoint = ['sh', '-c', CHECKPOINT, root];
  if (content !== undefined && !machine.write(made, content))
    return err(failed(file, 'cannot write beside it'));
  const steps =
    content === undefined
      ? [['rm', '-f', '--', path]]
      : [['sync', '--', made], checkpoint, ['mv', '-f', '-T', '--', made, path]];
  // A file system without hard links has no inodes either.
  if (content !== undefined) machine.run(['ln', '-f', '--', path, old]);
  for (const argv of [...steps, ['sync', '--', folder], checkpoint, ['rm', '-f', '--', old]]) {
    const done = machine.run(argv);
    if (done.code !== 0) return err(failed(file, done.stderr.trim()));
  }
  return ok();
}

function failed(file: string, why: string) {
  return {
    code: 'entries-not-updated',
    what: 'the boot loader entries were not updated',
    where: `/${file}`,
    why,
    next: 'check that the medium is still attached, and see dmesg',
  } as const;
}
