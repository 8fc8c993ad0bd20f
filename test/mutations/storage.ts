/** What is promised of encrypted and logical volumes below the images. */
import type { Mutation } from './mutation.js';

export const STORAGE: readonly Mutation[] = [
  {
    id: 'foreign-luks-opened',
    breaks: 'only the encrypted volume that is named is opened',
    file: 'src/guest/storage/luks.ts',
    from: "tags.TYPE === 'crypto_LUKS' && tags.UUID?.toLowerCase() === uuid",
    to: "tags.TYPE === 'crypto_LUKS'",
    tests: ['unit/guest/open-storage'],
  },
  {
    id: 'volumes-closed-in-their-order',
    breaks: 'a volume is closed before the one that it is on',
    file: 'src/guest/init/open-storage.ts',
    from: 'closing.unshift(argv);',
    to: 'closing.push(argv);',
    tests: ['unit/guest/open-storage'],
  },
  {
    id: 'key-left-in-keyring',
    breaks: 'no key stays in the kernel unless the definition keeps it',
    file: 'src/guest/storage/luks.ts',
    from: ": ['--disable-keyring'];",
    to: ': [];',
    tests: ['unit/guest/open-storage'],
  },
  {
    id: 'half-group-activated',
    breaks: 'a volume group is used only when all of its disks are there',
    file: 'src/guest/storage/lvm.ts',
    from: "if (missing === 0) return { kind: 'whole' };",
    to: "if (missing >= 0) return { kind: 'whole' };",
    tests: ['unit/guest/storage/lvm', 'unit/guest/open-storage'],
  },
  {
    id: 'volume-of-others-closed',
    breaks: 'what somebody else opened on the machine stays open',
    file: 'src/guest/mkma/opened-volumes.ts',
    from: 'if (lines().some((line) => isOf(name, line))) use(name, argv);',
    to: 'use(name, argv);',
    tests: ['unit/guest/mkma/open-storage'],
  },
  {
    id: 'volume-in-use-closed',
    breaks: 'a volume stays open while another command of mkma uses it',
    file: 'src/guest/mkma/opened-volumes.ts',
    from: 'if (lines().some((line) => isOf(name, line) && isUsed(machine, line))) return;',
    to: '',
    tests: ['unit/guest/mkma/open-storage'],
  },
  {
    id: 'grub-reads-volumes',
    breaks: 'GRUB reads copies where the images are on volumes',
    file: 'src/core/loader/grub.ts',
    from: 'const { device, path } = entry.bootFiles ?? entry;',
    to: 'const { device, path } = entry;',
    tests: ['unit/host/boot-entry/volumes'],
  },
];
