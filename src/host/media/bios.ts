/** GRUB for BIOS: its core into the BIOS boot partition, its first sector's code into the MBR. Pure. */
import { SECTOR } from './layout.js';

/** Code in the MBR ends here: then come the disk's signature and the old partition table. */
const MBR_CODE = 440;
/** In boot.img: the sector of core.img (GRUB_BOOT_MACHINE_KERNEL_SECTOR, include/grub/i386/pc/boot.h). */
const KERNEL_SECTOR = 0x5c;
/** In boot.img: a jump, replaced so that the drive's number is checked (GRUB_BOOT_MACHINE_DRIVE_CHECK). */
const DRIVE_CHECK = 0x66;
/** In core.img's first sector: where its rest is (grub_pc_bios_boot_blocklist, include/grub/offsets.h). */
const BLOCKLIST = 0x200 - 12;
/** The segment that the rest is loaded to, after the first sector at 0x8000. */
const REST_SEGMENT = 0x820;

/** The code for the MBR, from boot.img, as grub-bios-setup(8) changes it for disks. `sector`: of core.img. */
export function mbrCode(bootImage: Uint8Array, sector: number): Buffer {
  const code = Buffer.from(bootImage.subarray(0, MBR_CODE));
  code.writeBigUInt64LE(BigInt(sector), KERNEL_SECTOR);
  code.writeUInt16LE(0x9090, DRIVE_CHECK);
  return code;
}

/** The sector to which a medium's MBR leads. */
export function coreSector(mbr: Uint8Array): number {
  return Number(Buffer.from(mbr).readBigUInt64LE(KERNEL_SECTOR));
}

/** core.img with the list of its own sectors, padded to whole ones. `sector`: where it will be. */
export function placedCore(coreImage: Uint8Array, sector: number): Buffer {
  const sectors = Math.ceil(coreImage.length / SECTOR);
  const core = Buffer.alloc(sectors * SECTOR);
  core.set(coreImage);
  core.writeBigUInt64LE(BigInt(sector + 1), BLOCKLIST);
  core.writeUInt16LE(sectors - 1, BLOCKLIST + 8);
  core.writeUInt16LE(REST_SEGMENT, BLOCKLIST + 10);
  return core;
}
