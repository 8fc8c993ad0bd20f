/** Media that boot any PC. */
import type { Mutation } from './mutation.js';

export const MEDIA: readonly Mutation[] = [
  {
    id: 'medium-menu-without-a-second-name',
    breaks: 'GRUB reads a whole menu whenever the power goes',
    file: 'src/host/media/menu.ts',
    from: 'if (before.value !== undefined) linkSync(file, old);',
    to: '',
    tests: ['cli/install-power'],
  },
  {
    id: 'medium-unconfirmed',
    breaks: 'nothing is written to a disk whose name was not given',
    file: 'src/host/cli/install.ts',
    from: 'return given === name;',
    to: 'return true;',
    tests: ['cli/install'],
  },
  {
    id: 'medium-open-elsewhere',
    breaks: 'a disk that a program has open is refused',
    file: 'src/host/media/refuse.ts',
    from: '    ...useLines(uses),',
    to: '',
    tests: ['unit/host/media/refuse'],
  },
  {
    id: 'medium-times-of-files',
    breaks: 'the same images make the same bytes',
    file: 'src/host/media/ext4.ts',
    from: 'SOURCE_DATE_EPOCH: String(epoch)',
    to: 'SOURCE_DATE_EPOCH: undefined',
    tests: ['cli/install'],
  },
  {
    id: 'medium-capacity-unread',
    breaks: 'a device that keeps nothing is found out',
    file: 'src/host/media/capacity.ts',
    from: 'if (same.ok) continue;',
    to: 'if (same.ok || marks.length > 0) continue;',
    tests: ['cli/install'],
  },
];
