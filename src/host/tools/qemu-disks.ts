/** How QEMU attaches disks: the disk controllers, and the arguments for them. */

/** The disk controller of a machine. */
export const DISK_BUSES = ['virtio', 'nvme', 'ahci', 'cd', 'usb', 'uas', 'scsi', 'pvscsi', 'sd'] as const;
export type DiskBus = (typeof DISK_BUSES)[number];

/** A disk as a file or block device. QEMU locks it: two machines never write to the same one. */
export interface MachineDisk {
  readonly file: string;
  /** qcow2: only what was written, over another file (qemu-img(1)). */
  readonly format: 'raw' | 'qcow2';
  readonly readonly?: boolean;
  /** What the machine writes is gone when QEMU ends, and the file stays as it is (qemu(1), snapshot=on). */
  readonly discards?: boolean;
  /** Attached as virtio whatever the machine's controller is: a disk that is not the machine's own. */
  readonly virtio?: boolean;
  /** Up to 20 characters; on virtio the guest finds the disk as /dev/disk/by-id/virtio-SERIAL. */
  readonly serial: string;
}

interface Attachment {
  /** The controller that all disks share, called `bus0`; none: each disk has its own. */
  readonly controller?: string;
  /** The devices for disk number `i`; the last one is the disk itself. */
  readonly devices: (i: number) => readonly [...string[], string];
  /** The device supports neither a serial number nor a place in the firmware's boot order. */
  readonly plain?: true;
  /** The device never writes. */
  readonly readonly?: true;
}

/** Names of devices: `qemu-system-x86_64 -device help`. */
const ATTACHMENTS: Readonly<Record<DiskBus, Attachment>> = {
  virtio: { devices: () => ['virtio-blk-pci'] },
  nvme: { devices: () => ['nvme'] },
  ahci: { controller: 'ich9-ahci', devices: (i) => [`ide-hd,bus=bus0.${i}`] },
  cd: { controller: 'ich9-ahci', devices: (i) => [`ide-cd,bus=bus0.${i}`], readonly: true },
  usb: { controller: 'qemu-xhci', devices: () => ['usb-storage,bus=bus0.0'] },
  uas: {
    controller: 'qemu-xhci',
    devices: (i) => [`usb-uas,id=uas${i},bus=bus0.0`, `scsi-hd,bus=uas${i}.0`],
  },
  scsi: { controller: 'virtio-scsi-pci', devices: () => ['scsi-hd,bus=bus0.0'] },
  pvscsi: { controller: 'pvscsi', devices: () => ['scsi-hd,bus=bus0.0'] },
  sd: { devices: () => ['sdhci-pci', 'sd-card'], plain: true },
};

/** The arguments that attach the disks. `bootable`: the firmware starts the first one. */
export function diskArguments(disks: readonly MachineDisk[], bus: DiskBus, bootable: boolean): string[] {
  const { controller } = ATTACHMENTS[bus];
  const args = controller === undefined || disks.length === 0 ? [] : ['-device', `${controller},id=bus0`];
  disks.forEach((disk, i) => {
    const { devices, plain, readonly } = ATTACHMENTS[disk.virtio === true ? 'virtio' : bus];
    const drive = [`if=none,id=disk${i}`, `format=${disk.format}`, `file=${escapeComma(disk.file)}`];
    if (disk.readonly === true || readonly === true) drive.push('readonly=on');
    if (disk.discards === true) drive.push('snapshot=on');
    args.push('-drive', drive.join(','));
    const path = [...devices(i)];
    const device = [path.pop(), `drive=disk${i}`];
    if (plain !== true) device.push(`serial=${disk.serial}`);
    if (plain !== true && bootable && i === 0) device.push('bootindex=0');
    for (const word of [...path, device.join(',')]) args.push('-device', word);
  });
  return args;
}

/** Commas in file names are doubled, as QEMU's option parser requires (qemu(1), "-drive"). */
export function escapeComma(file: string): string {
  return file.replaceAll(',', ',,');
}
