/**
 * The overlay: base and layers below, an empty `fresh` above, and the view of them for the running system.
 */
import { type FileAttributes, RESTORE_ARGUMENTS, renderAttributes } from '../../core/archive/attributes.js';
import { COMPOSED, OVERLAY } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { BASE, CHAIN, LAYERS, LOWER, NEW_ROOT, RAM, VIEW } from './folders.js';
import { makeMountPoints } from './mount-points.js';
import type { Undo } from './undo.js';

const FRESH = `${VIEW}/${OVERLAY.fresh}`;
const WORK = `${RAM}/work`;

/** The folder whose attributes the merged root takes. */
export interface Top {
  readonly folder: string;
  /** Extended attributes of the folder itself. */
  readonly attributes: FileAttributes['values'];
}

/** The parts of the overlay. */
export interface Stack {
  /** Names in {@link LAYERS}, the lowest first. */
  readonly layers: readonly string[];
  readonly top: Top;
  /** Whether the highest folder is that of composed files. */
  readonly composed: boolean;
  /** Folders in {@link VIEW} of images that are mounted. */
  readonly mounted: readonly string[];
  /** Whether images are file systems of their own. */
  readonly several: boolean;
  /** Whether all of the root has one device number, at the cost of inode numbers of 64 bits. */
  readonly xino: boolean;
}

/** The parameters that the kernel's overlay has. */
const PARAMETERS = '/sys/module/overlay/parameters';

/**
 * Longest path of a moved folder, or of a file with another name, that the upper directory records, in bytes:
 * by default 256, beyond which rename(2) and link(2) fail with EXDEV. The kernel allocates that much each
 * time, and the largest size that it never fails to allocate is 32 KiB (PAGE_ALLOC_COSTLY_ORDER in mmzone.h).
 */
const LONGEST_REDIRECT = 2 ** 15 - 1;

/** Whether the kernel's overlay can have a file's metadata without its content: since Linux 4.19. */
export function hasMetacopy(machine: GuestSystem): boolean {
  return machine.info(`${PARAMETERS}/metacopy`) !== undefined;
}

/**
 * Options that make the overlay behave like a disk: folders of lower directories can be renamed, and changing
 * metadata copies no content. `mkma persist` resolves both. The others would exclude that, or cost something
 * that nothing here uses. All are explicit: otherwise the kernel's build decides.
 */
function optionsOf(machine: GuestSystem): string {
  const known = (name: string): boolean => machine.info(`${PARAMETERS}/${name}`) !== undefined;
  return [
    ...(known('redirect_dir') ? ['redirect_dir=on'] : []),
    ...(hasMetacopy(machine) ? ['metacopy=on'] : []),
    ...(known('index') ? ['index=off'] : []),
    ...(known('nfs_export') ? ['nfs_export=off'] : []),
  ].join(',');
}
/**
 * If the lower directories are on several file systems, each would show through as a device number of its
 * own, and programs that stay on one file system (du -x, backups) would skip nearly everything. With this
 * option the file system's number is in the upper bits of the inode numbers instead (kernel: overlayfs.rst,
 * "Inode properties").
 */
const ONE_DEVICE = 'xino=on';
const PLAIN_NUMBERS = 'xino=off';

/**
 * Stacks the overlay on {@link NEW_ROOT} and binds the view below it. The RAM file system's own mount is then
 * released: the overlay and the view keep it alive, and no stray mount remains. Returns warnings.
 */
export function stackOverlay(machine: GuestSystem, stack: Stack, undo: Undo): Result<readonly string[]> {
  const { layers, top, mounted: points } = stack;
  if (!points.includes(OVERLAY.base)) makeMountPoints(machine, BASE);
  makeUpper(machine, top);
  const lower = linkLower(machine, layers, stack.composed);
  // A kernel without it moves no folders either.
  machine.write(`${PARAMETERS}/redirect_max`, String(LONGEST_REDIRECT));
  const mounted = mountOverlay(
    machine,
    `lowerdir=${lower},upperdir=${FRESH},workdir=${WORK},${optionsOf(machine)}`,
    stack,
  );
  if (!mounted.ok) return mounted;
  undo.push(['umount', NEW_ROOT]);
  // A layer may have deleted one, and one that a held base lacks could not be created in it.
  makeMountPoints(machine, NEW_ROOT);
  const view = `${NEW_ROOT}/${OVERLAY.root}`;
  must(machine, ['mount', '-o', 'bind', VIEW, view]);
  undo.push(['umount', view]);
  // A bind mount takes restrictions only by remounting. The root itself must stay unrestricted: sudo,
  // devices.
  must(machine, ['mount', '-o', 'remount,bind,ro,nosuid,nodev', view]);
  for (const folder of points) {
    must(machine, ['mount', '-o', 'move', `${VIEW}/${folder}`, `${view}/${folder}`]);
    undo.drop(['umount', `${VIEW}/${folder}`]);
    undo.push(['umount', `${view}/${folder}`]);
  }
  must(machine, ['umount', RAM]);
  undo.drop(['umount', RAM]);
  return mounted;
}

/**
 * Calls `work` with a folder that shows the base and these layers as one, read only; `layers`: the lowest
 * first.
 */
export function withChain<T>(
  machine: GuestSystem,
  layers: readonly string[],
  work: (folder: string) => T,
): T {
  if (layers.length === 0) return work(BASE);
  mustMakeFolder(machine, CHAIN);
  const options = `ro,lowerdir=${linkLower(machine, layers)},redirect_dir=follow,metacopy=on`;
  must(machine, ['mount', '-t', 'overlay', '-o', options, 'mkma', CHAIN], { cwd: LOWER });
  try {
    return work(CHAIN);
  } finally {
    must(machine, ['umount', CHAIN]);
  }
}

/** Mounts it; a kernel that refuses the requested inode numbers gets its default. Returns warnings. */
function mountOverlay(
  machine: GuestSystem,
  options: string,
  { several, xino }: Pick<Stack, 'several' | 'xino'>,
): Result<readonly string[]> {
  const mount = (all: string) =>
    machine.run(['mount', '-t', 'overlay', '-o', all, 'mkma', NEW_ROOT], { cwd: LOWER });
  // On one file system the kernel shows its inode numbers and one device as they are, and calls the option
  // useless.
  const first = several ? `${options},${xino ? ONE_DEVICE : PLAIN_NUMBERS}` : options;
  const overlay = mount(first);
  if (overlay.code === 0) return ok([]);
  if (several && mount(options).code === 0) return ok(xino ? [NO_XINO] : []);
  return err({
    code: 'overlay-not-mounted',
    what: 'cannot mount the overlay',
    where: first,
    why: `${overlay.stderr.trim()}\n${machine.run(['sh', '-c', 'dmesg | tail -n 3'], { mayLack: true }).stdout.trimEnd()}`,
    next: 'check that the kernel has the module overlay: modprobe overlay',
  });
}

const NO_XINO =
  `this kernel refuses ${ONE_DEVICE}: files of the base and folders have different device numbers, so programs ` +
  'that stay on one file system (du -x, backups) skip most of /; use Linux 4.17 or newer, or --format cpio';

/**
 * The lower directories, the highest first, as mount(2) takes them. As short links: its options end at a
 * page, and names of layers may contain its separators.
 */
function linkLower(machine: GuestSystem, layers: readonly string[], composed = false): string {
  const highest = composed ? [`${VIEW}/${COMPOSED}`] : [];
  const folders = [...highest, ...layers.map((name) => `${LAYERS}/${name}`).reverse(), BASE];
  mustMakeFolder(machine, LOWER);
  for (const [i, folder] of folders.entries()) {
    const why = machine.link(folder, `${LOWER}/${i + 1}`);
    if (why !== undefined) throw new Error(`cannot make a link in ${LOWER}: ${why}`);
  }
  return folders.map((_, i) => i + 1).join(':');
}

/**
 * The merged root has everything but its names from the upper directory, which therefore copies the highest
 * directory below it.
 */
function makeUpper(machine: GuestSystem, { folder, attributes }: Top): void {
  const top = machine.info(folder);
  if (top === undefined) throw new Error(`no such folder: ${folder}`);
  for (const made of [FRESH, WORK]) mustMakeFolder(machine, made);
  if (top.uid !== 0 || top.gid !== 0) must(machine, ['chown', `${top.uid}:${top.gid}`, FRESH]);
  if (machine.info(FRESH)?.mode !== top.mode) must(machine, ['chmod', top.mode.toString(8), FRESH]);
  if (Object.keys(attributes).length > 0) {
    // Attributes that the kernel's tmpfs does not support were reported when the image was loaded.
    machine.run(['setfattr', ...RESTORE_ARGUMENTS], {
      cwd: FRESH,
      input: renderAttributes([{ path: '.', values: attributes }]),
    });
  }
  must(machine, ['touch', '-r', folder, FRESH]);
}
