/** Whether the files of a folder are one set: complete, and of one build as far as they say so. */
import { FILES } from '../contract.js';
import { kernelReleaseOf } from '../image/kernel-image.js';
import type { Manifest } from '../image/manifest.js';
import { ANY_BASE, BASE_NAMES } from './base.js';
import type { FolderReader } from './folder.js';

export type SetFault =
  /** Names of what is missing. */
  | { readonly lacking: readonly string[] }
  /** How its files show that they are of several builds. */
  | { readonly mixed: string };

/**
 * Why the files of a folder are no set; `undefined`: they are one. Kernel and base are compared by the kernel
 * that they are for: a build publishes them first and last, so the initramfs between them is of either. Early
 * boot refuses such a mixture. `manifest`: the base's; without one it is not compared.
 */
export function setFault(folder: FolderReader, manifest: Manifest | undefined): SetFault | undefined {
  const has = (name: string): boolean => folder.names.includes(name) && folder.size(name) !== undefined;
  const lacking = [
    ...(BASE_NAMES.some(has) ? [] : [ANY_BASE]),
    ...[FILES.initramfs, FILES.kernel].filter((name) => !has(name)),
  ];
  if (lacking.length > 0) return { lacking };
  const kernel = kernelReleaseOf((offset, length) => folder.read(FILES.kernel, offset, length));
  // Not of a tree without a kernel, and not without a manifest.
  const own = manifest?.kernelRelease ?? '';
  if (kernel === undefined || own === '' || own === kernel) return undefined;
  return { mixed: `${FILES.kernel} is ${kernel}; the base has modules for ${own}` };
}
