/** Reading image files on the host. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ImageInfo, readImageInfo } from '../core/image.js';
import { err, type Result } from '../core/result.js';

/** What the end of an image file tells; fails where it cannot be read or does not hold together. */
export function readImage(path: string): Result<ImageInfo> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    return err({
      what: 'cannot read the image',
      where: path,
      why: (cause as Error).message,
      next: 'build it: mkma build',
    });
  }
  try {
    const read = (offset: number, length: number): Uint8Array => {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
    };
    const info = readImageInfo(read, fstatSync(fd).size);
    return info.ok ? info : err({ ...info.problem, where: path });
  } finally {
    closeSync(fd);
  }
}
