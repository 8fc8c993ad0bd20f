/** What lies on a new medium, as data: the menu, and one generation. */
import { type KernelParameter, renderCmdline } from '../../core/boot/cmdline.js';
import { PLAIN } from '../../core/boot/opening.js';
import { FILES } from '../../core/contract.js';
import { readGenerations } from '../../core/generations/read.js';
import { bootParameters } from '../../core/loader/entry.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { GENERATIONS, generationPath } from '../../core/set/generations.js';
import { readPart } from '../set/folder.js';
import { menuOf } from './menu.js';
import type { SetFile } from './source.js';

/** A file or folder on it. Paths have no leading slash; parents come first. */
export type TreeEntry =
  | { readonly path: string; readonly folder: true }
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly file: SetFile };

export interface TreeRequest {
  /** Its file system, as `mkma_storage_device=` names it. */
  readonly device: string;
  /** Files of the generation, layers last. */
  readonly files: readonly SetFile[];
  /** What its command line adds. */
  readonly own: readonly KernelParameter[];
}

/** The number of a new medium's only generation. */
export const FIRST = 1;

/** The command line of a generation on a medium. */
export function cmdlineOn(device: string, number: number, own: readonly KernelParameter[]): string {
  const path = generationPath(MEDIUM.images, number);
  return renderCmdline(bootParameters({ device, path, append: own, opening: PLAIN }));
}

/** Everything on it, parents first. Manifests are read where the images are now. */
export function mediumTree({ device, files, own }: TreeRequest): TreeEntry[] {
  const folder = generationPath(MEDIUM.images, FIRST).slice(1);
  const cmdline = `${cmdlineOn(device, FIRST, own)}\n`;
  const folders = (...paths: string[]): TreeEntry[] => paths.map((path) => ({ path, folder: true }));
  const images = MEDIUM.images.slice(1);
  return [
    ...folders('boot', MEDIUM.grub.slice(1)),
    { path: MEDIUM.menu.slice(1), text: menuOf(plannedGenerations(files, cmdline), device) },
    ...folders(images, `${images}/${GENERATIONS}`, folder),
    ...files.map((file): TreeEntry => ({ path: `${folder}/${file.name}`, file })),
    { path: `${folder}/${FILES.cmdline}`, text: cmdline },
  ];
}

/** The generations of a medium that is not there yet. */
function plannedGenerations(files: readonly SetFile[], cmdline: string) {
  const text = Buffer.from(cmdline);
  const fileOf = (name: string): SetFile | undefined => files.find((file) => file.name === name);
  const read = (name: string, offset: number, length: number): Uint8Array | undefined =>
    name === FILES.cmdline
      ? text.subarray(offset, offset + length)
      : readPart(fileOf(name)?.from ?? '', offset, length);
  return readGenerations({
    names: [String(FIRST)],
    read: () => undefined,
    open: () => ({
      names: [...files.map(({ name }) => name), FILES.cmdline],
      size: (name) => (name === FILES.cmdline ? text.length : fileOf(name)?.bytes),
      read,
    }),
  });
}
