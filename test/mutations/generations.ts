/** Sets of images beside each other. */
import type { Mutation } from './mutation.js';

export const GENERATIONS: readonly Mutation[] = [
  {
    id: 'generation-running-dropped',
    breaks: 'the generation that a machine runs from stays',
    file: 'src/core/generations/change.ts',
    from: "...(running ? ['this machine runs from it'] : []),",
    to: '',
    tests: ['cli/generations-machine'],
  },
  {
    id: 'generation-dropped-before-its-entry',
    breaks: 'no boot entry names a generation that is gone',
    file: 'src/host/verbs/generations.ts',
    from: "const before = action === 'drop' ? await dropEntries(images, [plan.value.number], context) : ok([]);",
    to: 'const before: Result<string[]> = ok([]);',
    tests: ['cli/generations'],
  },
  {
    id: 'generation-menu-left-behind',
    breaks: 'a menu on the storage loses the entry of a dropped generation',
    file: 'src/guest/mkma/generations/command.ts',
    from: 'follow(without(found.generations, plan.value.number))',
    to: 'follow(found.generations)',
    tests: ['cli/generations-machine'],
  },
  {
    id: 'generation-layers-of-the-folder',
    breaks: 'a new generation gets the layers of the default one',
    file: 'src/host/verbs/generations.ts',
    from: 'first === undefined ? images : generationFolder(images, first.number)',
    to: 'first === undefined ? images : images',
    tests: ['cli/generations'],
  },
  {
    id: 'generation-equal-file-twice',
    breaks: 'a file that equals the one of the newest generation takes no room',
    file: 'src/host/set/add-generation.ts',
    from: '{ ...part, from: there } : part',
    to: 'part : part',
    tests: ['cli/generations'],
  },
  {
    id: 'generation-pinned-dropped-by-policy',
    breaks: 'a policy drops no pinned generation',
    file: 'src/core/set/generations.ts',
    from: '!pinned && !isDefault && !running',
    to: '!isDefault && !running',
    tests: ['cli/build-generations'],
  },
  {
    id: 'menu-old-inode-freed',
    breaks: 'GRUB never reads a menu whose inode is freed',
    file: 'src/guest/mkma/generations/menu.ts',
    from: "machine.run(['ln', '-f', '--', path, old]);",
    to: "machine.run(['ls', '-f', '--', path, old], { mayLack: true });",
    tests: ['cli/generations-power'],
  },
  {
    id: 'menu-not-checkpointed',
    breaks: 'a new menu is in its place on the medium before it is renamed',
    file: 'src/guest/mkma/generations/menu.ts',
    from: "[['sync', '--', made], checkpoint, ['mv',",
    to: "[['sync', '--', made], ['mv',",
    tests: ['cli/generations-power'],
  },
];
