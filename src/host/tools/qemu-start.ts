/** What a virtual machine starts with, as QEMU's arguments. */
import { escapeComma } from './qemu-disks.js';

/** What the machine starts with. */
export type Start =
  /** QEMU loads the kernel itself. */
  | {
      readonly by: 'kernel';
      readonly kernel: string;
      readonly initrd?: string;
      /** The kernel command line. */
      readonly append: string;
    }
  /** SeaBIOS starts the boot loader of the first disk. */
  | { readonly by: 'bios' }
  | UefiStart;

/** OVMF starts the boot loader of the first disk, where its firmware finds it on removable media. */
export interface UefiStart {
  readonly by: 'uefi';
  /** Whether it starts signed programs only. */
  readonly secure?: boolean | undefined;
  /** OVMF's code. */
  readonly code: string;
  /** Its variables, where boot entries and the keys of Secure Boot are kept. */
  readonly variables: string;
  /**
   * What becomes of writes to the variables: they are kept in the file, last as long as QEMU runs, or are
   * ignored.
   */
  readonly writes?: 'kept' | 'discarded' | 'ignored' | undefined;
}

/**
 * A machine with Secure Boot: system management mode alone can write to the variables, without which nothing
 * enforces it (edk2, OvmfPkg/README, "SMM support"; its S3 support has to be off there with QEMU's q35).
 */
const SECURE = [
  ...['-machine', 'q35,smm=on'],
  ...['-global', 'driver=cfi.pflash01,property=secure,value=on'],
  ...['-global', 'ICH9-LPC.disable_s3=1'],
];

/** `,OPTION` for the drive with the variables. */
const WRITES = { kept: '', discarded: ',snapshot=on', ignored: ',readonly=on' } as const;

/** The arguments for it. */
export function startArguments(start: Start): string[] {
  if (start.by === 'bios') return [];
  if (start.by === 'uefi') {
    const flash = (unit: number, file: string, more: string): string =>
      `if=pflash,unit=${unit},format=raw,file=${escapeComma(file)}${more}`;
    const code = ['-drive', flash(0, start.code, ',readonly=on')];
    const variables = ['-drive', flash(1, start.variables, WRITES[start.writes ?? 'kept'])];
    return [...(start.secure === true ? SECURE : []), ...code, ...variables];
  }
  const initrd = start.initrd === undefined ? [] : ['-initrd', start.initrd];
  return ['-kernel', start.kernel, ...initrd, '-append', start.append];
}

/**
 * An OEM string of the firmware's tables (SMBIOS type 11; qemu(1), -smbios), which systemd in the machine
 * reads as a credential (systemd.system-credentials(7)). Base64 has no comma.
 */
export function credentialArguments(credentials: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(credentials).flatMap(([name, content]) => {
    const value = Buffer.from(content, 'utf8').toString('base64');
    return ['-smbios', `type=11,value=io.systemd.credential.binary:${name}=${value}`];
  });
}
