/** What lies on a new medium, as data: the menu, and one generation. */
import { dirname } from 'node:path';
import { type KernelParameter, renderCmdline } from '../../core/boot/cmdline.js';
import { PLAIN } from '../../core/boot/opening.js';
import { FILES } from '../../core/contract.js';
import { readGenerations } from '../../core/generations/read.js';
import { bootParameters } from '../../core/loader/entry.js';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { GENERATIONS, generationPath } from '../../core/set/generations.js';
import { readPart } from '../set/folder.js';
import { menuOf } from './menu.js';
import type { MediumDevices } from './menu-place.js';
import type { SetFile } from './source.js';

/** A file or folder on it. Paths have no leading slash; parents come first. */
export type TreeEntry =
  | { readonly path: string; readonly folder: true }
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly file: SetFile };

export interface TreeRequest {
  readonly devices: MediumDevices;
  /** Files of the generation, layers last. */
  readonly files: readonly SetFile[];
  /** What its command line adds. */
  readonly own: readonly KernelParameter[];
}

/** The number of a new medium's only generation. */
export const FIRST = 1;

/** The command line of a generation on a medium. */
export function cmdlineOn(
  { device, opening = PLAIN }: MediumDevices,
  number: number,
  own: readonly KernelParameter[],
): string {
  const path = generationPath(MEDIUM.images, number);
  return renderCmdline(bootParameters({ device, path, append: own, opening }));
}

/** Files of a generation that the boot loader reads: the others may be encrypted. */
export function isBootFile(name: string): boolean {
  return (BOOT_FILES as readonly string[]).includes(name);
}

const BOOT_FILES = [FILES.kernel, FILES.initramfs, FILES.microcode] as const;

/** Everything on a plain medium, parents first. Manifests are read where the images are now. */
export function mediumTree(request: TreeRequest): TreeEntry[] {
  return [...menuTree(request), ...imagesTree(request.files), cmdlineEntry(request)];
}

/** What an encrypted medium has in the open. */
export function bootTree(request: TreeRequest): TreeEntry[] {
  return [...menuTree(request), ...imagesTree(request.files.filter(({ name }) => isBootFile(name)))];
}

/** What an encrypted medium has inside: complete generations, and where the menu is. */
export function sealedTree(request: TreeRequest): TreeEntry[] {
  const path = MEDIUM.bootDevice.slice(1);
  return [
    ...imagesTree(request.files),
    cmdlineEntry(request),
    ...folders(dirname(path)),
    { path, text: `${request.devices.bootDevice}\n` },
  ];
}

function folders(...paths: string[]): TreeEntry[] {
  return paths.map((path) => ({ path, folder: true }));
}

const FOLDER = generationPath(MEDIUM.images, FIRST).slice(1);

function menuTree(request: TreeRequest): TreeEntry[] {
  const generations = plannedGenerations(request.files, textOfCmdline(request));
  return [
    ...folders('boot', MEDIUM.grub.slice(1)),
    { path: MEDIUM.menu.slice(1), text: menuOf(generations, request.devices) },
  ];
}

function imagesTree(files: readonly SetFile[]): TreeEntry[] {
  const images = MEDIUM.images.slice(1);
  return [
    ...folders(images, `${images}/${GENERATIONS}`, FOLDER),
    ...files.map((file): TreeEntry => ({ path: `${FOLDER}/${file.name}`, file })),
  ];
}

function cmdlineEntry(request: TreeRequest): TreeEntry {
  return { path: `${FOLDER}/${FILES.cmdline}`, text: textOfCmdline(request) };
}

function textOfCmdline({ devices, own }: TreeRequest): string {
  return `${cmdlineOn(devices, FIRST, own)}\n`;
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
