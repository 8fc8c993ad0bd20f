/**
 * Encrypts as the kernel's dm-crypt does with `aes-xts-plain64`, in this process: making a volume then takes
 * neither root nor a device mapper (Documentation/admin-guide/device-mapper/dm-crypt.rst). Pure.
 */
import { createCipheriv } from 'node:crypto';

/** What a volume is encrypted with, as cryptsetup(8) names it. Two keys of 256 bits: AES-256 in XTS mode. */
export const CIPHER = { name: 'aes-xts-plain64', keyBits: 512, sector: 4096 } as const;

/** Initialisation vectors count sectors of this size, however large those are that are encrypted as one. */
const IV_SECTOR = 512;

/** Encrypts whole sectors in place. `at`: where they are, in bytes from the beginning of the data. */
export function encryptSectors(key: Buffer, at: number, bytes: Buffer): void {
  if (at % CIPHER.sector !== 0 || bytes.length % CIPHER.sector !== 0)
    throw new Error(`not whole sectors: ${bytes.length} bytes at ${at}`);
  const iv = Buffer.alloc(16);
  for (let done = 0; done < bytes.length; done += CIPHER.sector) {
    iv.writeBigUInt64LE(BigInt((at + done) / IV_SECTOR));
    const cipher = createCipheriv('aes-256-xts', key, iv);
    cipher.update(bytes.subarray(done, done + CIPHER.sector)).copy(bytes, done);
  }
}
