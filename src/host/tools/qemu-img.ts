/** qemu-img: a disk that holds only what is written to it, over a file that stays as it is. */
import type { Command } from '../sys/command.js';

/** Creates `overlay` (qcow2) over `below`, a raw file or block device named by its absolute path. */
export function overlayCommand(overlay: string, below: string): Command {
  // -u would skip opening the file below, and with it the size.
  return { file: 'qemu-img', args: ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', below, overlay] };
}
