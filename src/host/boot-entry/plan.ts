/** What writing entries changes, determined before anything is touched. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, relative } from 'node:path';
import { FILES } from '../../core/contract.js';
import type { BootEntry } from '../../core/loader/entry.js';
import { withGrubEntries } from '../../core/loader/grub.js';
import {
  fitsSystemdBoot,
  isSystemdBootFile,
  systemdBootEntry,
  systemdBootFile,
} from '../../core/loader/systemd-boot.js';
import { err, ok, type Result } from '../../core/result.js';
import { hashFile } from '../sys/digest.js';

/** Copies of the files that the boot loader loads, in a folder that is published whole. */
export interface Copies {
  readonly names: readonly string[];
  /** The folder they come from. */
  readonly from: string;
  /** The folder to create. */
  readonly to: string;
  /** Their {@link digestOf}. */
  readonly digest: string;
  readonly bytes: number;
}

/** A file of the boot loader, with its whole new content. */
export interface Write {
  readonly file: string;
  readonly content: string;
  /** Whether the file already has this content. */
  readonly upToDate: boolean;
}

export interface Plan {
  readonly writes: readonly Write[];
  /** What has to be copied first; none if the boot loader can read everything in place. */
  readonly copies: readonly Copies[];
  /** Files with entries of generations that are gone. */
  readonly goneEntries: readonly string[];
  /** Folders with earlier copies, removed once no entry names them. */
  readonly older: readonly string[];
  /** For GRUB: the entries as written. */
  readonly entries?: readonly BootEntry[];
}

/** An entry, and the folder on this host with its images. */
export interface PlacedEntry {
  readonly entry: BootEntry;
  readonly images: string;
}

/** A folder beside GRUB's own, on a plain file system: for copies of what GRUB cannot read in place. */
export interface BootFolder {
  /** Its path on this host, such as /boot. */
  readonly folder: string;
  /** The file system, as `mkma_storage_device=` names one, and the folder from its top. */
  readonly device: string;
  readonly path: string;
}

/**
 * Plan for GRUB: its own folder is `folder`. The entries are all those of the machine called `name`. `boot`:
 * where kernel and initramfs are copied, if the images are on volumes that only early boot opens.
 */
export async function planGrub(
  name: string,
  entries: readonly PlacedEntry[],
  folder: string,
  boot?: BootFolder,
): Promise<Result<Plan>> {
  const copies = new Map<string, Copies>();
  const kept = new Set<string>();
  const own = boot === undefined ? undefined : join(boot.folder, 'mkma', name);
  const placed: BootEntry[] = [];
  for (const { entry, images } of entries) {
    if (boot === undefined || own === undefined) {
      placed.push(entry);
      continue;
    }
    const copied = await copiesFor(entry, images, own);
    if (!copied.present) copies.set(copied.to, copied);
    kept.add(copied.to);
    const path = posix.join(boot.path, 'mkma', name, basename(copied.to));
    placed.push({ ...entry, bootFiles: { device: boot.device, path } });
  }
  const custom = join(folder, 'custom.cfg');
  // A symlink stays one.
  const file = existsSync(custom) ? realpathSync(custom) : custom;
  const present = readIfThere(file);
  const content = withGrubEntries(present ?? '', name, placed);
  if (!content.ok) return err({ ...content.problem, where: file });
  const write = { file, content: content.value, upToDate: (present ?? '') === content.value };
  // Copies of before go also where they are no longer needed.
  const older = copiesIn(join(dirname(folder), 'mkma', name)).filter((path) => !kept.has(path));
  return ok({ writes: [write], copies: [...copies.values()], goneEntries: [], older, entries: placed });
}

/** Plan for systemd-boot: `esp` is where it is mounted. */
export async function planSystemdBoot(
  name: string,
  entries: readonly PlacedEntry[],
  esp: string,
): Promise<Plan> {
  const own = join(esp, 'mkma', name);
  const writes: Write[] = [];
  const copies = new Map<string, Copies>();
  const kept = new Set<string>();
  for (const { entry, images } of entries) {
    const file = join(esp, 'loader/entries', systemdBootFile(entry));
    let folder = folderOnEsp(images, esp);
    if (folder === undefined) {
      const copied = await copiesFor(entry, images, own);
      if (!copied.present) copies.set(copied.to, copied);
      kept.add(copied.to);
      folder = espPath(esp, copied.to);
    }
    const content = `${systemdBootEntry(entry, folder).join('\n')}\n`;
    writes.push({ file, content, upToDate: readIfThere(file) === content });
  }
  const written = new Set(writes.map(({ file }) => file));
  return {
    writes,
    copies: [...copies.values()],
    goneEntries: entryFiles(esp, name).filter((file) => !written.has(file)),
    older: copiesIn(own).filter((path) => !kept.has(path)),
  };
}

/** The copies of what an entry loads, and whether they exist. */
async function copiesFor(
  entry: BootEntry,
  images: string,
  own: string,
): Promise<Copies & { readonly present: boolean }> {
  const names = [FILES.kernel, ...entry.initrds];
  const digest = await digestOf(images, names);
  const to = join(own, digest.slice(0, 12));
  const bytes = sizeOf(images, names);
  const present = names.every((name) => existsSync(join(to, name))) && sizeOf(to, names) === bytes;
  return { names, from: images, to, digest, bytes, present };
}

/** The files with entries of the machine. */
function entryFiles(esp: string, name: string): string[] {
  const folder = join(esp, 'loader/entries');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => isSystemdBootFile(file, name))
    .map((file) => join(folder, file));
}

/**
 * The images folder from the top of the ESP, if systemd-boot can load from it; `undefined` if copies are
 * needed.
 */
function folderOnEsp(images: string, esp: string): string | undefined {
  const path = espPath(realpathSync(esp), realpathSync(images));
  const within = !path.startsWith('/../') && path !== '/..' && statSync(images).dev === statSync(esp).dev;
  return within && fitsSystemdBoot(path) ? path : undefined;
}

function espPath(esp: string, path: string): string {
  return `/${posix.normalize(relative(esp, path)).replace(/^\.$/, '')}`;
}

/** SHA-256 of the files' names and contents: identifies the set. */
export async function digestOf(folder: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) {
    const path = join(folder, name);
    hash.update(`${name} ${statSync(path).size}\n`);
    await hashFile(hash, path);
  }
  return hash.digest('hex');
}

/** Bytes of the named files in a folder. */
export function sizeOf(folder: string, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** The folders of copies that mkma made, also in a run that was killed; nothing else in there. */
function copiesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^([0-9a-f]{12}|\.[0-9a-f]{12}\.new)$/.test(name))
    .map((name) => join(folder, name));
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** The existing folder in which a plan's first change happens. */
export function firstExisting(path: string): string {
  return existsSync(path) ? path : firstExisting(dirname(path));
}
