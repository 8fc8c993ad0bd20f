/** Mounts layers with other owners than they have. */
import type { Kind, Moves } from '../../core/records/accounts.js';
import { idMapOption } from '../../core/records/id-map.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { BASE, REMAP } from './folders.js';
import type { Undo } from './undo.js';

/** A layer to mount with other owners. */
export interface RemappedLayer {
  readonly folder: string;
  readonly moves: Readonly<Record<Kind, Moves>>;
  /** Whether the folder is a mount point already, which the new one replaces. */
  readonly mounted: boolean;
}

/** Which one cannot be mounted so, and why. */
export interface NotRemapped {
  readonly index: number;
  readonly why: string;
}

/** Mounts the layers on their own folders, all or none. */
export function remap(
  machine: GuestSystem,
  layers: readonly RemappedLayer[],
  undo: Undo,
): NotRemapped | undefined {
  for (const [index, layer] of layers.entries()) {
    const why = bindWith(machine, layer, `${REMAP}/${index}`);
    if (why === undefined) continue;
    for (let i = 0; i < index; i++) must(machine, ['umount', `${REMAP}/${i}`]);
    return { index, why };
  }
  for (const [i, { folder, mounted }] of layers.entries()) {
    if (mounted) {
      must(machine, ['umount', folder]);
      undo.drop(['umount', folder]);
    }
    must(machine, ['mount', '-o', 'move', `${REMAP}/${i}`, folder]);
    undo.push(['umount', folder]);
  }
  return undefined;
}

function bindWith(machine: GuestSystem, { folder, moves }: RemappedLayer, point: string): string | undefined {
  const program = mountOfBase(machine);
  if (program === undefined) return 'the base has no mount(8) of util-linux';
  try {
    const option = `X-mount.idmap=${idMapOption(moves)}`;
    for (const made of [REMAP, point]) mustMakeFolder(machine, made);
    const { code, stderr } = machine.run([...program, '--bind', '-o', option, folder, point], {
      mayLack: true,
    });
    return code === 0 ? undefined : stderr.trim();
  } catch (bug) {
    return (bug as Error).message;
  }
}

/**
 * How to run the base's mount(8), since busybox's has no option for this. With the base's own loader and
 * libraries: user namespaces, which the option needs, cannot be created in a chroot.
 */
function mountOfBase(machine: GuestSystem): string[] | undefined {
  const program = `${BASE}/usr/bin/mount`;
  const loader = loaderOf(machine, program);
  if (loader === undefined) return undefined;
  for (const name of machine.list(`${BASE}/usr/lib`) ?? []) {
    const libraries = `${BASE}/usr/lib/${name}`;
    if (name.includes('-linux-') && machine.list(libraries)?.includes(loader) === true)
      return [`${libraries}/${loader}`, '--library-path', libraries, program];
  }
  return undefined;
}

/** Bytes at the beginning of a program in which the name of its loader is (elf(5), PT_INTERP). */
const HEAD = 4096;

/** The name of the loader of its architecture, without its folder. */
function loaderOf(machine: GuestSystem, program: string): string | undefined {
  const bytes = machine.readAt(program, 0, HEAD);
  if (bytes === undefined) return undefined;
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return /\/lib\w*\/(?:[\w-]+\/)*(ld[\w.-]*\.so\.\d+)\0/.exec(text)?.[1];
}
