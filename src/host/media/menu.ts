/**
 * The menu on a medium, replaced so that GRUB, which replays no journal, always reads a whole one whose files
 * are whole: written beside, checkpointed, renamed, checkpointed.
 */
import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generationEntries } from '../../core/generations/entries.js';
import type { Generations } from '../../core/generations/read.js';
import { isMediumMenu, MEDIUM, mediumMenu } from '../../core/loader/medium-menu.js';
import { err, ok, type Result } from '../../core/result.js';
import { flush } from '../sys/files.js';
import { run } from '../sys/run.js';
import type { MediumDevices } from './menu-place.js';

/** The text of the menu for the generations of a medium. */
export function menuOf(generations: Generations, devices: MediumDevices): string {
  const place = { ...devices, images: MEDIUM.images, append: [] };
  return mediumMenu(generationEntries(generations, place));
}

/** The menu of the medium mounted at `root`; fails if it is somebody else's, `undefined`: there is none. */
export function readMenu(root: string): Result<string | undefined> {
  const file = join(root, MEDIUM.menu);
  if (!existsSync(file)) return ok(undefined);
  const text = readFileSync(file, 'utf8');
  if (isMediumMenu(text)) return ok(text);
  return err({
    code: 'medium-foreign-menu',
    what: 'the menu on this medium is not one of mkma',
    where: MEDIUM.menu,
    why: 'its first line is another one',
    next: 'move that file away, then repeat the command',
  });
}

/** The mount point of the medium whose images folder this is; `undefined`: it is on none. */
export function mediumAround(images: string): string | undefined {
  const root = dirname(images);
  if (images !== join(root, MEDIUM.images)) return undefined;
  const isTop = root === '/' || statSync(root).dev !== statSync(dirname(root)).dev;
  const menu = isTop ? readMenu(root) : ok(undefined);
  return menu.ok && menu.value !== undefined ? root : undefined;
}

/**
 * The file system that has the menu of the encrypted medium whose images folder this is, as `UUID=...`;
 * `undefined`: it is on none.
 */
export function bootDeviceAround(images: string): string | undefined {
  const root = dirname(images);
  const file = join(root, MEDIUM.bootDevice);
  if (images !== join(root, MEDIUM.images) || !existsSync(file)) return undefined;
  return readFileSync(file, 'utf8').trim();
}

/**
 * Replaces it, if it is another one. `root`: where the medium is mounted. The old one keeps a second name
 * until the end: else the rename frees it, and a checkpoint that is cut off may leave the old name leading to
 * nothing.
 */
export async function writeMenu(root: string, text: string): Promise<Result<void>> {
  const file = join(root, MEDIUM.menu);
  const before = readMenu(root);
  if (!before.ok) return before;
  if (before.value === text) return ok();
  const [made, old] = ['new', 'old'].map((end) => join(dirname(file), `.grub.cfg.${end}`)) as [
    string,
    string,
  ];
  for (const path of [made, old]) rmSync(path, { force: true });
  writeFileSync(made, text, { flag: 'wx', mode: 0o644 });
  flush(made);
  if (before.value !== undefined) linkSync(file, old);
  flush(dirname(file));
  const ready = await checkpoint(root);
  if (!ready.ok) return ready;
  renameSync(made, file);
  flush(dirname(file));
  const renamed = await checkpoint(root);
  if (!renamed.ok) return renamed;
  rmSync(old, { force: true });
  flush(dirname(file));
  return ok();
}

/** Freezes and thaws at once: everything in the journal is then in its place (fsfreeze(8)). */
const FREEZE = `trap '' INT TERM HUP QUIT
fsfreeze --freeze "$1" && fsfreeze --unfreeze "$1"`;

/** Empties the journal. It is not interrupted: a file system must not stay frozen. */
async function checkpoint(root: string): Promise<Result<void>> {
  const done = await run({ file: 'sh', args: ['-c', FREEZE, 'mkma', root] });
  return done.ok ? ok() : done;
}
