/** What an initramfs says about itself. */
import { type ParsedNewcHeader, S_IFMT, S_IFREG } from '../../core/archive/cpio.js';
import { type InitramfsManifest, parseInitramfsManifest } from '../../core/boot/initramfs.js';
import { INITRAMFS } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { decodeName } from '../../core/text/path.js';
import { readRecords } from './read.js';

/** Size limit of an initramfs's manifest: it is one short line. */
const MAX_MANIFEST = 64 * 2 ** 10;

/** Whether a record of an initramfs is its manifest. */
export function isInitramfsManifest(path: string, header: ParsedNewcHeader): boolean {
  return path === INITRAMFS.manifest && (header.mode & S_IFMT) === S_IFREG && header.size <= MAX_MANIFEST;
}

/** Reads all of the archive; `undefined`: it is not one of mkma's, or of another version. */
export async function readInitramfsManifest(
  file: string,
  signal: AbortSignal,
): Promise<Result<InitramfsManifest | undefined>> {
  let manifest: InitramfsManifest | undefined;
  const read = await readRecords(file, 'cpio', {
    signal,
    want: isInitramfsManifest,
    onRecord: ({ data }) => {
      const inside = data === undefined ? undefined : parseInitramfsManifest(decodeName(data));
      if (inside?.ok === true) manifest = inside.value;
    },
  });
  return read.ok ? ok(manifest) : read;
}
