/** Packs a layer: as an archive, or as a file system. */
import type { Result } from '../../../core/result.js';
import { must, mustMakeFolder } from '../../must.js';
import type { RunningSystem } from '../../system.js';
import { packArchive } from './pack-archive.js';
import { packFileSystem } from './pack-erofs.js';
import type { PackedLayer, PackOptions } from './packing.js';
import { WORK } from './work.js';

/** Fills the file. A problem if a program failed, most likely because the medium is full. */
export function packLayer(machine: RunningSystem, options: PackOptions): Result<PackedLayer> {
  mustMakeFolder(machine, WORK, 0o700);
  must(machine, ['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=100%', 'mkma-work', WORK]);
  try {
    return (options.format === 'erofs' ? packFileSystem : packArchive)(machine, options);
  } finally {
    machine.run(['umount', WORK]);
  }
}
