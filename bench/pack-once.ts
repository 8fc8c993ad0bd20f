/**
 * Packs a tree once, as the base stage of a build does, in a process of its own: no run profits from those before it.
 * pack-once.js IMAGES TREE SCRATCH prints the seconds it took, and the bytes of the image.
 */
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

const [images, root, scratch] = process.argv.slice(2) as [string, string, string];
const info = readImage(join(images, BASE_FILES.cpio));
const manifest = info.ok ? info.value.manifest : undefined;
if (manifest === undefined) throw new Error(`no base of mkma in ${images}`);
const { name, suite, architecture, kernelRelease, mkma } = manifest;
const settings = {
  machine: { hostname: name, suite, format: 'cpio' as const },
  architecture,
  level: 3,
  version: mkma,
};
const context = { emit: () => undefined, signal: new AbortController().signal };

const start = performance.now();
const tools = () => Promise.reject(new Error('an archive is packed without tools'));
const source = { root, kernelRelease, scratch, tools };
const packed = await packBase(settings, source, context);
const seconds = (performance.now() - start) / 1000;
if (!packed.ok) throw new Error(JSON.stringify(packed.problem));
const bytes = packed.value.manifest.segments.reduce((sum, segment) => sum + segment.size, 0);
process.stdout.write(JSON.stringify({ seconds, bytes } satisfies PackedOnce));
