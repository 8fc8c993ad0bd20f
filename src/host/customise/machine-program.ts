/** `mkma` on the machine: the program, its launcher, its units, and the packages it needs there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from '../installed.js';
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
  '/usr/lib/mkma/still.js': { source: 'still.js', mode: 0o644 },
  '/usr/lib/mkma/persist.rules': { source: 'persist.rules', mode: 0o644 },
  '/usr/lib/mkma/mkma': { source: 'mkma.sh', mode: 0o755 },
} as const;

/** Links to them: what enables the unit, and where hooks of kernels' packages and of initramfs-tools are. */
const LINKS = {
  '/usr/lib/systemd/system/sysinit.target.wants/mkma-derived.service': '../mkma-derived.service',
  '/etc/kernel/postinst.d/zz-mkma': '/usr/lib/mkma/kernel-hook',
  '/etc/initramfs/post-update.d/zz-mkma': '/usr/lib/mkma/kernel-hook',
} as const;

/** The folder with units of every machine, enabled only by {@link LINKS}, and programs. */
const UNITS = join(PACKAGE, 'presets/machine');

/** Where one of them goes: units have an extension, programs none. */
function unitFiles(): { readonly source: string; readonly path: string; readonly mode: number }[] {
  return readdirSync(UNITS).map((name) => ({
    source: join(UNITS, name),
    ...(name.includes('.')
      ? { path: `/usr/lib/systemd/system/${name}`, mode: 0o644 }
      : { path: `/usr/lib/mkma/${name}`, mode: 0o755 }),
  }));
}

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
  const sources = Object.values(PROGRAM_FILES).map(({ source }) => join(programs, source));
  return [...sources, ...unitFiles().map(({ source }) => source)].map(digestFile).join('');
}

/** Writes it into the tree; `programs` is the folder with the compiled guest programs. */
export function installProgram(files: TreeFiles, programs: string): void {
  for (const [path, { source, mode }] of Object.entries(PROGRAM_FILES)) {
    files.write(path, readFileSync(join(programs, source), 'utf8'), mode);
  }
  for (const { source, path, mode } of unitFiles()) files.write(path, readFileSync(source, 'utf8'), mode);
  for (const [path, target] of Object.entries(LINKS)) files.link(target, path);
  if (!files.exists(COMMAND.ofPackage)) files.link(COMMAND.target, COMMAND.path);
}
