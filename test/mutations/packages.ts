/** What layers with packages promise wherever they are applied. */
import type { Mutation } from './mutation.js';

const TESTS: readonly string[] = ['cli/packages-elsewhere'];

export const PACKAGES: readonly Mutation[] = [
  {
    id: 'moved-back-is-change',
    breaks: 'a file that was moved away and came back is no change, whatever the format of the layer',
    file: 'src/guest/mkma/persist/scan.ts',
    from: 'withContent(moved, moves, below, { ...look, whole: false })',
    to: 'withContent(moved, moves, below, look)',
    tests: TESTS,
  },
  {
    id: 'package-file-metadata-alone',
    breaks: 'a layer has files of its packages whole',
    file: 'src/guest/mkma/persist/packages.ts',
    from: 'entry !== undefined && !scan.upper.inPlace.has(path);',
    to: 'entry !== undefined;',
    tests: TESTS,
  },
  {
    id: 'unseen-package-hidden',
    breaks: 'a folder that went with the last package in it hides no files of others',
    file: 'src/guest/init/hidden-files.ts',
    from: 'return paths.length === 0 ? []',
    to: 'return paths.length >= 0 ? []',
    tests: TESTS,
  },
  {
    id: 'deleted-by-hand-shown',
    breaks: 'what was deleted by hand stays deleted on another base',
    file: 'src/guest/init/hidden-files.ts',
    from: ".filter((name) => !known.has(name.split(':')[0] as string))",
    to: '',
    tests: TESTS,
  },
  {
    id: 'hidden-of-lower-version',
    breaks: 'a package that a layer above installs is whole there: nothing of one below is shown',
    file: 'src/guest/init/hidden-files.ts',
    from: '.filter((name) => !isAbove(`',
    to: '.filter((name) => name !== (`',
    tests: TESTS,
  },
  {
    id: 'stale-in-merged',
    breaks: 'a merged layer has no files of versions that boots hide',
    file: 'src/core/layers/merge/stale.ts',
    from: 'if (stale.length === 0) return source;',
    to: 'if (stale.length >= 0) return source;',
    tests: TESTS,
  },
  {
    id: 'unseen-package-merged',
    breaks: 'a layer that hides files of a package that it has not seen is not merged',
    file: 'src/core/layers/merge/stale.ts',
    from: 'if (i >= first) hidden.push(',
    to: 'if (i > sources.length) hidden.push(',
    tests: TESTS,
  },
  {
    id: 'state-of-reverted-account',
    breaks: 'what belongs to the account of a package that is reverted goes with it',
    file: 'src/guest/mkma/revert/choose.ts',
    from: '!members.has(change.path) && !owned(change)',
    to: '!members.has(change.path)',
    tests: TESTS,
  },
  {
    id: 'reverted-account-leaves-files',
    breaks: 'an account is not reverted without its files',
    file: 'src/guest/mkma/revert/choose.ts',
    from: 'if (ownerless !== undefined) return',
    to: "if (ownerless?.path === '') return",
    tests: TESTS,
  },
];
