/**
 * Packs a tree once, as the base stage of a build does, in a process of its own: no run profits from those before it.
 * pack-once.js IMAGES TREE SCRATCH LEVEL prints the seconds it took, and the bytes of the image. If there is an image in
 * SCRATCH that it made, unchanged segments are copied from it.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_FILES } from '../src/core/contract.js';
import { readImage } from '../src/host/set/images.js';
import { packBase } from '../src/host/steps/base.js';

export interface PackedOnce {
  /** Seconds, without the start of Node.js: a build has it running. */
  readonly seconds: number;
  /** Bytes of the image. */
  readonly bytes: number;
}

const [images, root, scratch, level] = process.argv.slice(2) as [string, string, string, string];
const info = readImage(join(images, BASE_FILES.cpio));
const manifest = info.ok ? info.value.manifest : undefined;
if (manifest === undefined) throw new Error(`no base of mkma in ${images}`);
const { name, suite, architecture, kernelRelease, mkma } = manifest;
const settings = {
  machine: { hostname: name, suite, format: 'cpio' as const },
  architecture,
  level: Number(level),
  version: mkma,
};
const context = { emit: () => undefined, signal: new AbortController().signal };
const made = join(scratch, BASE_FILES.cpio);
const keysFile = join(scratch, 'keys.json');
const earlier = existsSync(keysFile)
  ? { path: `${made}.earlier`, keys: JSON.parse(readFileSync(keysFile, 'utf8')) as string[] }
  : undefined;
if (earlier !== undefined) renameSync(made, earlier.path);

const start = performance.now();
const tools = () => Promise.reject(new Error('an archive is packed without tools'));
const source = { root, kernelRelease, scratch, tools, earlier };
const packed = await packBase(settings, source, context);
const seconds = (performance.now() - start) / 1000;
if (!packed.ok) throw new Error(JSON.stringify(packed.problem));
const bytes = packed.value.manifest.segments.reduce((sum, segment) => sum + segment.size, 0);
writeFileSync(keysFile, JSON.stringify(packed.value.segments?.keys));
process.stdout.write(JSON.stringify({ seconds, bytes } satisfies PackedOnce));
