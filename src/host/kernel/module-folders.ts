/**
 * The folders of kernel modules in a machine's tree: that of its kernel, and those of packages of headers or
 * other kernels.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { removeTree } from '../sys/remove.js';
import { resolveInTree } from '../sys/tree-files.js';
import { below } from '../sys/walk.js';

/** The folder of all module trees of a root file system. */
export function modulesFolder(root: string): string {
  return resolveInTree(root, '/usr/lib/modules');
}

/**
 * The symlinks to what modules are built against. Packages of headers contain them, as do kernels built by
 * hand.
 */
const HEADER_LINKS = ['build', 'source'];

/**
 * Moves the modules in `from` to their place in the tree. What packages have put there stays (links to
 * headers, what dkms has built); of two files with the same name the kernel's own wins.
 */
export function mergeModules(from: string, root: string, release: string): void {
  mkdirSync(modulesFolder(root), { recursive: true });
  merge(from, join(modulesFolder(root), release), true);
}

function merge(from: string, to: string, top = false): void {
  if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory() !== true) {
    renameSync(from, to);
    return;
  }
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (top && there !== undefined && HEADER_LINKS.includes(name)) continue;
    const isFolder = lstatSync(source).isDirectory();
    if (isFolder && there?.isDirectory() === true) merge(source, target);
    else {
      removeTree(target);
      renameSync(source, target);
    }
  }
}

/**
 * Removes links to headers that are not in the machine, and the kernel's symbol addresses, which only kernel
 * developers need.
 */
export function tidyModules(root: string, release: string): void {
  const folder = `/usr/lib/modules/${release}`;
  for (const link of HEADER_LINKS)
    if (!existsSync(resolveInTree(root, `${folder}/${link}`, true)))
      removeTree(resolveInTree(root, `${folder}/${link}`), root);
  removeTree(resolveInTree(root, `${folder}/System.map`), root);
}

/**
 * Removes the modules of kernels that packages installed but this machine never boots. Resolves to the
 * warnings about them, and about headers of another kernel.
 */
export function otherKernels(root: string, release: string): Problem[] {
  const folder = modulesFolder(root);
  const others = readdirSync(folder).filter((name) => name !== release);
  const problems: Problem[] = [];
  for (const other of others.filter((name) => existsSync(join(folder, name, 'kernel')))) {
    const bytes = removeModules(join(folder, other));
    problems.push({
      code: 'other-kernel-left-out',
      what: `the packages install a kernel that the machine does not boot: ${other}`,
      where: 'packages',
      why: `the machine boots ${release}; the modules of the other one would take ${formatBytes(bytes)} of RAM and are left out`,
      next: `remove its package, or boot it: kernel: { from: 'debian', package: 'linux-image-${other}' }`,
      suggestion: `linux-image-${other}`,
    });
  }
  const headers = others.filter((name) => hasHeaders(root, name));
  if (headers.length > 0 && !hasHeaders(root, release)) {
    problems.push({
      code: 'headers-of-another-kernel',
      what: `headers of another kernel: ${headers.join(', ')}`,
      where: 'packages',
      why: `the machine boots ${release}, which cannot load modules built against them`,
      next: `add the headers of its kernel to packages: linux-headers-${release}`,
      suggestion: `linux-headers-${release}`,
    });
  }
  return problems;
}

/** Whether modules can be built for a kernel in the tree. */
function hasHeaders(root: string, release: string): boolean {
  return existsSync(resolveInTree(root, `/usr/lib/modules/${release}/build/include`, true));
}

/** Removes a kernel's modules, except the links to its headers. Resolves to the bytes they took. */
function removeModules(folder: string): number {
  const bytes = below(folder).files.reduce((sum, path) => sum + lstatSync(path).size, 0);
  const names = readdirSync(folder).filter((name) => !HEADER_LINKS.includes(name));
  for (const name of names) removeTree(join(folder, name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
  return bytes;
}
