/** `mkma` on the machine: the program, its launcher, and the packages it needs there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../sys/digest.js';
import type { TreeFiles } from '../sys/tree-files.js';

/**
 * Packages of every machine, whatever its definition: the JavaScript engine, and what packs and unpacks
 * layers, of either format.
 */
export const PROGRAM_PACKAGES: readonly string[] = [
  ...['quickjs', 'zstd', 'cpio', 'attr'],
  ...['erofs-utils', 'xxhash'],
];

/** The files by path on the machine: the compiled one, and its permission bits. */
const PROGRAM_FILES = {
  '/usr/lib/mkma/mkma.js': { source: 'mkma.js', mode: 0o644 },
  '/usr/lib/mkma/pack.js': { source: 'pack.js', mode: 0o644 },
  '/usr/lib/mkma/start.js': { source: 'start.js', mode: 0o644 },
  '/usr/lib/mkma/persist.rules': { source: 'persist.rules', mode: 0o644 },
  '/usr/lib/mkma/mkma': { source: 'mkma.sh', mode: 0o755 },
} as const;

/**
 * The command, unless the Debian package is installed: its command starts the program for the machine's
 * verbs.
 */
const COMMAND = {
  path: '/usr/bin/mkma',
  target: '../lib/mkma/mkma',
  ofPackage: '/usr/share/mkma/dist/host/mkma',
};

/** Identifies the program: an input of the stage that installs it. */
export function programDigest(programs: string): string {
  return Object.values(PROGRAM_FILES)
    .map(({ source }) => digestFile(join(programs, source)))
    .join('');
}

/** Writes it into the tree; `programs` is the folder with the compiled guest programs. */
export function installProgram(files: TreeFiles, programs: string): void {
  for (const [path, { source, mode }] of Object.entries(PROGRAM_FILES)) {
    files.write(path, readFileSync(join(programs, source), 'utf8'), mode);
  }
  if (!files.exists(COMMAND.ofPackage)) files.link(COMMAND.target, COMMAND.path);
}
