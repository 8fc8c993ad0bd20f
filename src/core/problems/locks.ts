/** Problems with a lock, `mkma.lock`, and with what it names. */
export const LOCKS = {
  'lock-invalid': [
    'The lock was damaged, or does not have what it names.',
    'Take the file from version control, or write it again: mkma lock --update.',
  ],
  'lock-format': [
    'The lock has a format that this mkma does not know.',
    'Use the mkma that wrote it, or write it again: mkma lock --update.',
  ],
  'lock-misfit': [
    'The lock does not fit the definition.',
    'Run mkma lock, which keeps the other versions; mkma build --no-lock ignores the lock.',
  ],
  'lock-kernel': [
    'A kernel of the building host, or from files, cannot be locked: other hosts do not have it.',
    "Use one of Debian's: --kernel debian.",
  ],
  'lock-depends-on-host': [
    'The machine depends on the building host in more than its packages, which a lock cannot fix.',
    'Remove what the message names from the definition, if other hosts have to build the same bytes.',
  ],
  'locked-package-gone': [
    'Neither the mirror nor the archive of snapshots has a package of the lock.',
    'Lock the version that the mirror has now: mkma lock --update PACKAGE.',
  ],
  'not-locked': ['mkma lock --update names a package that the lock does not have.', 'Correct its name.'],
} as const;
