/** Whether a kernel is signed for Secure Boot. Pure. */

/** Bytes of a program's beginning that hold its headers. */
export const PE_HEAD = 4096;
/** The entry of the certificates among the data directories (Microsoft PE format). */
const CERTIFICATES = 4;

/**
 * Whether a PE program has signatures; whose they are is the firmware's and shim's to judge. A file that is
 * no PE program has none.
 */
export function hasSignature(head: Uint8Array): boolean {
  const bytes = Buffer.from(head);
  if (bytes.length < 0x40 || bytes.toString('latin1', 0, 2) !== 'MZ') return false;
  const pe = bytes.readUInt32LE(0x3c);
  // The signature, the COFF header (20 bytes), and the optional header up to the directories.
  if (pe + 24 + 112 + 8 * (CERTIFICATES + 1) > bytes.length) return false;
  if (bytes.toString('latin1', pe, pe + 4) !== 'PE\0\0') return false;
  const plus = bytes.readUInt16LE(pe + 24) === 0x20b;
  const directories = pe + 24 + (plus ? 112 : 96);
  return bytes.readUInt32LE(directories + 8 * CERTIFICATES + 4) > 0;
}
