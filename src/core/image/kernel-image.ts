/** The kernel's own file, as far as it says which kernel it is. */
import { decodeName } from '../text/path.js';

/** Reads bytes of the file, fewer at its end; `undefined` where it cannot be read. */
type Read = (offset: number, length: number) => Uint8Array | undefined;

/** The header of an x86 kernel (Documentation/arch/x86/boot.rst): its magic, and where its version is. */
const HEADER = { start: 0x200, magic: 0x202, version: 0x20e, end: 0x210 } as const;
const MAGIC = 'HdrS';

/** Bytes of the version: release, then who built it and when. More than any release has (utsname: 64). */
const VERSION = 128;

/** `uname -r` of an x86 kernel; `undefined`: the file is none, or does not say. */
export function kernelReleaseOf(read: Read): string | undefined {
  const head = read(0, HEADER.end);
  if (head === undefined || head.length < HEADER.end) return undefined;
  if (decodeName(head.subarray(HEADER.magic, HEADER.magic + MAGIC.length)) !== MAGIC) return undefined;
  const offset = new DataView(head.buffer, head.byteOffset).getUint16(HEADER.version, true);
  const text = offset === 0 ? undefined : read(HEADER.start + offset, VERSION);
  if (text === undefined) return undefined;
  return /^([!-~]+) /.exec(decodeName(text))?.[1];
}
