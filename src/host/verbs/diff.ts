/** `mkma diff`: what differs between two images, or two sets of images. Reads them as streams. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseCmdline } from '../../core/boot/cmdline.js';
import { type FoldedDiff, foldDiff, isSame } from '../../core/compare/fold.js';
import { compareLines, type PartDiff } from '../../core/compare/lines.js';
import { OwnerCollector } from '../../core/compare/owners.js';
import { BASE_FILES, FILES } from '../../core/contract.js';
import { packagesOf } from '../../core/generations/packages.js';
import type { ImageInfo } from '../../core/image/image.js';
import { diffTrees } from '../../core/layers/diff.js';
import { type LayerTree, TreeCollector } from '../../core/layers/tree.js';
import { ownParameters } from '../../core/loader/entry.js';
import { err, ok, type Result, usage } from '../../core/result.js';
import type { Context } from '../context.js';
import { readRecords } from '../pack/read.js';
import { openImages } from '../set/folder.js';
import { findBase, readImage } from '../set/images.js';
import { sha256Of } from '../sys/digest.js';
import { sha256 } from './layers/content.js';

export interface DiffOptions {
  readonly a: string;
  readonly b: string;
  /** Show every line. */
  readonly all: boolean;
}

export interface DiffResult {
  readonly a: string;
  readonly b: string;
  /** Whether nothing differs but time stamps. */
  readonly same: boolean;
  readonly parts: readonly PartDiff[];
  readonly lines: readonly string[];
}

/** Compares two image files, or two folders of images. */
export async function diff({ a, b, all }: DiffOptions, context: Context): Promise<Result<DiffResult>> {
  const [left, right] = [kindOf(a), kindOf(b)];
  for (const found of [left, right]) if (!found.ok) return found;
  if (left.ok && right.ok && left.value !== right.value) {
    return usage({
      ...{ code: 'not-comparable', what: 'a folder cannot be compared with a file', where: `${a}, ${b}` },
      next: 'name two images, or two folders of images',
    });
  }
  const folders = left.ok && left.value === 'folder';
  const parts = folders ? await diffSets(a, b, context) : await diffFiles('image', a, b, context);
  if (!parts.ok) return parts;
  const list = Array.isArray(parts.value) ? parts.value : [parts.value as PartDiff];
  const same = list.every((part) => part.same);
  const lines = [`--- ${a}`, `+++ ${b}`, ...compareLines(list, all)];
  return ok({ a, b, same, parts: list, lines });
}

function kindOf(path: string): Result<'folder' | 'file'> {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info !== undefined) return ok(info.isDirectory() ? 'folder' : 'file');
  return usage({
    ...{ code: 'image-missing', what: 'no such image or folder', where: path },
    next: 'name an image, or a folder that has one',
  });
}

/** All files of two sets. */
async function diffSets(a: string, b: string, context: Context): Promise<Result<PartDiff[]>> {
  const [left, right] = [findBase(a), findBase(b)];
  if (!left.ok) return left;
  if (!right.ok) return right;
  const parts: PartDiff[] = [];
  const base = await diffFiles('base', left.value.path, right.value.path, context);
  if (!base.ok) return base;
  parts.push(base.value);
  for (const [name, file] of [
    ['initramfs', FILES.initramfs],
    ['microcode', FILES.microcode],
    ['kernel', FILES.kernel],
  ] as const) {
    const part = await diffOptional(name, join(a, file), join(b, file), name === 'initramfs', context);
    if (!part.ok) return part;
    if (part.value !== undefined) parts.push(part.value);
  }
  parts.push(diffCmdlines(a, b));
  const layers = await diffLayers(a, b, context);
  return layers.ok ? ok([...parts, ...layers.value]) : layers;
}

/** A file that a set may lack. */
async function diffOptional(
  name: string,
  a: string,
  b: string,
  isArchive: boolean,
  context: Context,
): Promise<Result<PartDiff | undefined>> {
  const [inA, inB] = [existsSync(a), existsSync(b)];
  if (!inA && !inB) return ok(undefined);
  if (!inA || !inB) return ok(onlyOne(name, inA));
  if (isArchive) return diffFiles(name, a, b, context);
  const [x, y] = await Promise.all([a, b].map((file) => sha256Of(file, { signal: context.signal })));
  const values = x === y ? {} : { 'SHA-256': [x ?? '', y ?? ''] as const };
  return ok({ name, same: x === y, values });
}

function onlyOne(name: string, inA: boolean): PartDiff {
  return { name, same: false, values: { file: inA ? ['there', ''] : ['', 'there'] } };
}

/** What a set adds to the kernel's command line; where it lies differs in any case. */
function diffCmdlines(a: string, b: string): PartDiff {
  const text = (folder: string): string => {
    const file = join(folder, FILES.cmdline);
    if (!existsSync(file)) return '';
    return ownParameters(parseCmdline(readFileSync(file, 'utf8')))
      .map(({ name, value }) => (value === undefined ? name : `${name}=${value}`))
      .join(' ');
  };
  const [x, y] = [text(a), text(b)];
  return { name: 'command line', same: x === y, values: x === y ? {} : { parameters: [x, y] } };
}

/** Layers of the same name are compared, others listed. */
async function diffLayers(a: string, b: string, context: Context): Promise<Result<PartDiff[]>> {
  const [left, right] = [openImages(a), openImages(b)];
  if (!left.ok) return left;
  if (!right.ok) return right;
  const names = new Set([...left.value.layers, ...right.value.layers].map(({ name }) => name));
  const parts: PartDiff[] = [];
  for (const name of [...names].sort()) {
    const [x, y] = [left.value, right.value].map(({ layers }) => layers.find((one) => one.name === name));
    const title = `layer ${name}`;
    if (x === undefined || y === undefined) {
      parts.push(onlyOne(title, x !== undefined));
      continue;
    }
    const part = await diffFiles(title, join(a, x.file), join(b, y.file), context);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return ok(parts);
}

/** Two image files. */
async function diffFiles(name: string, a: string, b: string, context: Context): Promise<Result<PartDiff>> {
  const [left, right] = [readImage(a), readImage(b)];
  if (!left.ok) return left;
  if (!right.ok) return right;
  const values = valuesOf(left.value, right.value);
  const [x, y] = [left.value.manifest?.id, right.value.manifest?.id];
  const { created: _created, ...other } = values;
  // The same id is the same content.
  if (x !== undefined && x === y) return ok({ name, same: Object.keys(other).length === 0, values });
  const trees: ReadImage[] = [];
  for (const [path, info] of [
    [a, left.value],
    [b, right.value],
  ] as const) {
    const tree = await readOne(path, info, context.signal);
    if (!tree.ok) return tree;
    trees.push(tree.value);
  }
  const [one, two] = trees as [ReadImage, ReadImage];
  const differences = diffTrees({ name: a, tree: one.tree }, { name: b, tree: two.tree });
  const content: FoldedDiff = foldDiff(
    differences,
    { packages: packagesOf(left.value.manifest), owners: one.owners },
    { packages: packagesOf(right.value.manifest), owners: two.owners },
  );
  return ok({ name, same: isSame(content) && Object.keys(other).length === 0, values, content });
}

interface ReadImage {
  readonly tree: LayerTree;
  readonly owners: ReadonlyMap<string, string>;
}

/** An image's files with digests of their contents, and the packages that they are of. */
async function readOne(path: string, info: ImageInfo, signal: AbortSignal): Promise<Result<ReadImage>> {
  const collector = new TreeCollector({ hasher: sha256 });
  const owners = new OwnerCollector();
  const read = await readRecords(path, info.format, {
    signal,
    want: (name, header) => collector.want(name, header),
    onRecord: (record) => {
      collector.onRecord(record);
      owners.onRecord(record);
    },
    onData: (piece) => {
      collector.onData(piece);
      owners.onData(piece);
    },
  });
  if (!read.ok) return err(read.problem);
  return ok({ tree: collector.finish(info.manifest), owners: owners.finish() });
}

/** Values of the manifests that differ. */
function valuesOf(a: ImageInfo, b: ImageInfo): Record<string, readonly [string, string]> {
  const facts = ({ format, manifest }: ImageInfo): Record<string, string> => {
    const {
      name = '',
      suite = '',
      architecture = '',
      kernelRelease = '',
      created = '',
      mkma = '',
    } = manifest ?? {};
    const file = Object.entries(BASE_FILES).find(([one]) => one === format)?.[0] ?? '';
    return { format: file, machine: name, suite, architecture, kernel: kernelRelease, mkma, created };
  };
  const [left, right] = [facts(a), facts(b)];
  return Object.fromEntries(
    Object.entries(left).flatMap(([name, value]) =>
      value === right[name] ? [] : [[name, [value, right[name] ?? ''] as const]],
    ),
  );
}
