/**
 * zstd of a tree, whatever this host has: versions differ in the bytes that they make
 * (docs/decisions/0048-lock.md).
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { loaderOf } from './libraries.js';

/** Path in a usr-merged tree. */
const ZSTD = 'usr/bin/zstd';

/**
 * The words that start the tree's own zstd, with its loader and libraries; `undefined` if it has none, or
 * something else in its place.
 */
export async function zstdIn(tree: string): Promise<readonly string[] | undefined> {
  const file = join(tree, ZSTD);
  // A link could escape the tree.
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const loader = await loaderOf(tree, ZSTD);
  if (!loader.ok) return undefined;
  const folders = loader.value.folders.map((folder) => join(tree, folder)).join(':');
  return [join(tree, loader.value.file), '--library-path', folders, file];
}
