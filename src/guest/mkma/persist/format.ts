/** The format of a new layer. */
import type { BootRecord } from '../../../core/boot/record.js';
import type { ImageFormat } from '../../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import type { GuestSystem } from '../../system.js';

/**
 * Bytes of content from which on a layer of a machine with an EROFS base is a file system as well: mounting
 * one costs early boot about as much as unpacking this much (docs/performance.md).
 */
const WORTH_MOUNTING = 4 * 2 ** 20;

/** What the choice depends on. */
export interface NewLayer {
  /** Bytes of RAM that its content takes unpacked, and bytes of an archive of it, holes included. */
  readonly held: number;
  readonly bytes: number;
  /** Bytes that are free on the medium: mkfs.erofs keeps all content there until it is compressed. */
  readonly free: number;
  /** Whether it has files of which it has the metadata alone, which only an archive can have. */
  readonly metadataOnly: boolean;
}

/** The format to use unless another was requested. */
export function defaultFormat(
  machine: GuestSystem,
  { images }: BootRecord,
  { held, bytes, free, metadataOnly }: NewLayer,
): ImageFormat {
  const base = images.find(({ kind }) => kind === 'base');
  if (base?.format !== 'erofs' || held < WORTH_MOUNTING || metadataOnly) return 'cpio';
  if (free < 2 * bytes) return 'cpio';
  return checkTools(machine).ok ? 'erofs' : 'cpio';
}

/** Checks that this machine has what makes such a file system. */
export function checkTools(machine: GuestSystem): Result<void> {
  const mkfs = machine.run(['mkfs.erofs', '--help'], { mayLack: true });
  if (mkfs.code === 127) return err(lacking('mkfs.erofs is missing'));
  const help = `${mkfs.stdout}${mkfs.stderr}`;
  if (!['--tar=', '--workers=', 'zstd'].every((word) => help.includes(word))) {
    return err(lacking('this mkfs.erofs does not make zstd of an archive, as version 1.8 and newer do'));
  }
  const xxhsum = machine.run(['xxhsum', '--version'], { mayLack: true });
  return xxhsum.code === 127 ? err(lacking('xxhsum is missing')) : ok();
}

function lacking(why: string): Problem {
  return {
    code: 'program-missing',
    what: 'cannot make a layer that is an EROFS file system',
    where: '--format erofs',
    why,
    next: 'install the packages erofs-utils and xxhash, or use --format cpio',
  };
}
