/**
 * What early boot carries to open encrypted and logical volumes, by kind. Machines on plain storage carry
 * nothing.
 */
import type { StorageKind } from '../../core/contract.js';
import { type ModuleIndex, moduleName } from '../kernel/modules.js';
import type { Program } from './contents.js';

interface StorageParts {
  /** Debian packages of the programs, in the tools tree. */
  readonly packages: readonly string[];
  readonly programs: readonly Program[];
  /** Modules without which it cannot work. */
  readonly modules: readonly string[];
  /** Modules that are used if the kernel has them: others have them built in, or under other names. */
  readonly optional: readonly string[];
}

const PARTS: Readonly<Record<StorageKind, StorageParts>> = {
  luks: {
    packages: ['cryptsetup-bin'],
    programs: [{ path: 'usr/sbin/cryptsetup' }],
    modules: ['dm_mod', 'dm_crypt'],
    optional: [
      // cryptsetup's own default, aes-xts-plain64, and aes-cbc-essiv:sha256 of older headers.
      ...['xts', 'ecb', 'cbc', 'essiv', 'sha256_generic', 'sha512_generic', 'aes_generic'],
      // Instructions of the processor: otherwise AES costs several times as much.
      ...['aesni_intel', 'sha256_ssse3', 'aes_ce_blk', 'aes_neon_blk'],
      // cryptsetup decrypts the key in a keyslot by the kernel (AF_ALG).
      'algif_skcipher',
    ],
  },
  lvm: {
    packages: ['lvm2'],
    programs: [{ path: 'usr/sbin/lvm' }],
    // Linear and striped volumes, the layout of Debian's installer.
    modules: ['dm_mod'],
    optional: [],
  },
};

/** Packages that the tools tree needs in addition. */
export function storagePackages(kinds: readonly StorageKind[]): string[] {
  return kinds.flatMap((kind) => PARTS[kind].packages);
}

/** Programs in addition to those of every initramfs. */
export function storagePrograms(kinds: readonly StorageKind[]): Program[] {
  return kinds.flatMap((kind) => PARTS[kind].programs);
}

/** Modules in addition: those that are necessary, and those of the others that the kernel has. */
export function storageModules(kinds: readonly StorageKind[], index: ModuleIndex): string[] {
  const has = (name: string): boolean => index.files.has(moduleName(name));
  const all = kinds.flatMap((kind) => [...PARTS[kind].modules, ...PARTS[kind].optional.filter(has)]);
  return [...new Set(all)];
}
