/** `mkma` on the machine that is built: the program, its launcher, and the packages it needs there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../sys/digest.js';
import type { TreeFiles } from '../sys/tree-files.js';

/** Packages of every machine, whatever its definition says: the engine, and what packs and unpacks layers. */
export const PROGRAM_PACKAGES: readonly string[] = ['quickjs', 'zstd', 'cpio', 'attr'];

/** The files by their path on the machine: the compiled one, and its permission bits. */
const PROGRAM_FILES = {
  '/usr/lib/mkma/mkma.js': { source: 'mkma.js', mode: 0o644 },
  '/usr/lib/mkma/pack.js': { source: 'pack.js', mode: 0o644 },
  '/usr/lib/mkma/start.js': { source: 'start.js', mode: 0o644 },
  '/usr/lib/mkma/mkma': { source: 'mkma.sh', mode: 0o755 },
} as const;

/** The command, unless the Debian package is installed, whose command starts the program for the verbs of the machine (src/host/mkma.sh). */
const COMMAND = {
  path: '/usr/bin/mkma',
  target: '../lib/mkma/mkma',
  ofPackage: '/usr/share/mkma/dist/host/mkma',
};

/** What names the program: an input of the stage that puts it into the tree. */
export function programDigest(programs: string): string {
  return Object.values(PROGRAM_FILES)
    .map(({ source }) => digestFile(join(programs, source)))
    .join('');
}

/** Write it into the tree; `programs` is the folder with the compiled guest programs. */
export function installProgram(files: TreeFiles, programs: string): void {
  for (const [path, { source, mode }] of Object.entries(PROGRAM_FILES)) {
    files.write(path, readFileSync(join(programs, source), 'utf8'), mode);
  }
  if (!files.exists(COMMAND.ofPackage)) files.link(COMMAND.target, COMMAND.path);
}
