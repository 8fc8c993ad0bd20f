/** Image files in memory, for whoever reads them. */

import { encodeHead, encodeManifest, encodeSeekTable, HEAD_SIZE } from '../../../src/core/image/image.js';
import type { Manifest } from '../../../src/core/image/manifest.js';
import { concatBytes } from '../../../src/core/text/bytes.js';

/** An image file with this manifest; its payload has the right size and no sense. Each segment is to be one frame. */
export function imageFile(manifest: Manifest): Uint8Array {
  const frame = encodeManifest(manifest);
  const entries = [
    { size: HEAD_SIZE, bytes: 0 },
    ...manifest.segments.map(({ size, bytes }) => ({ size, bytes })),
    { size: frame.length, bytes: 0 },
  ];
  const payload = manifest.segments.map(({ size }) => new Uint8Array(size).fill(7));
  return concatBytes([encodeHead(), ...payload, frame, encodeSeekTable(entries)]);
}

/** A base, as its manifest would be. */
export const BASE: Manifest = {
  format: 1,
  kind: 'base',
  needs: [],
  attributes: [],
  id: `sha256:${'ab'.repeat(32)}`,
  name: 'größe',
  created: '2026-01-02T03:04:05.000Z',
  mkma: '0.1.0',
  suite: 'trixie',
  architecture: 'amd64',
  kernelRelease: '6.12',
  unpackedBytes: 4096,
  inodes: 3,
  root: { mode: 0o755, uid: 0, gid: 0 },
  segments: [{ size: 10, bytes: 100, frames: 1, records: 3, sha256: 'cd'.repeat(32) }],
};

/** A base that is a file system of two blocks. */
export const EROFS_BASE: Manifest = {
  ...BASE,
  kind: 'base',
  needs: ['erofs'],
  unpackedBytes: 8192,
  segments: [{ size: 8192, bytes: 8192, frames: 0, records: 3, sha256: 'ef'.repeat(32) }],
  erofs: { xxh64: '0123456789abcdef' },
};

/** An image file with this manifest behind a superblock of EROFS and nothing else. */
export function erofsFile(manifest: Manifest, size = manifest.segments[0]?.size ?? 0): Uint8Array {
  const payload = new Uint8Array(size);
  payload.set(encodeHead(), 0);
  const superblock = new DataView(payload.buffer, 1024);
  superblock.setUint32(0, 0xe0f5e1e2, true);
  superblock.setUint8(12, 12);
  superblock.setUint32(36, size / 4096, true);
  superblock.setUint16(14, 36, true);
  return concatBytes([payload, encodeManifest(manifest)]);
}

/** A kernel as far as its header says which one it is: boot.rst, kernel_version. */
export function kernelOf(release: string): Uint8Array {
  const bytes = new Uint8Array(0x600);
  const text = (at: number, words: string): void => bytes.set(new TextEncoder().encode(words), at);
  text(0x202, 'HdrS');
  new DataView(bytes.buffer).setUint16(0x20e, 0x300, true);
  text(0x500, `${release} (builder@example.org) #1 SMP\0`);
  return bytes;
}
