/** A block device in words, for who has to know its passphrase. */
import { formatBytes } from '../../core/text/size.js';
import type { GuestSystem } from '../system.js';

/** Units of the sizes in /sys/class/block (Documentation/ABI/stable/sysfs-block). */
const SECTOR = 512;

/**
 * Model and size of the disk that a node is, or is a partition of; and the node: `QEMU HARDDISK, 2 GiB,
 * /dev/sda3`.
 */
export function describeDisk(machine: GuestSystem, node: string): string {
  const name = node.slice(node.lastIndexOf('/') + 1);
  const folder = '/sys/class/block';
  const read = (path: string): string => (machine.readText(path) ?? '').trim();
  // A partition's folder is in that of its disk.
  const parts = (machine.readlink(`${folder}/${name}`) ?? '').split('/');
  const disk = machine.info(`${folder}/${name}/partition`) === undefined ? name : (parts.at(-2) ?? name);
  const model = ['vendor', 'model'].map((file) => read(`${folder}/${disk}/device/${file}`));
  // A PCI device's vendor is a number.
  const words = model.filter((word) => word !== '' && !word.startsWith('0x')).join(' ');
  const sectors = Number(read(`${folder}/${name}/size`));
  return [words, sectors > 0 ? formatBytes(sectors * SECTOR) : '', node]
    .filter((part) => part !== '')
    .join(', ');
}
