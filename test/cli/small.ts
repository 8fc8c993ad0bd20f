/** A machine as small as one can be built, for tests that are about building and not about what is built: all of them share its packages. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sharedImages } from './images.js';

/** Modules that its kernel comes with. */
const MODULES = /\/(overlay|ext4|loop|erofs)\.ko/;

/** A kernel with few modules, in the folder, out of the shared images; returns the field of a definition. */
function smallKernel(folder: string): string {
  const tree = join(sharedImages(), 'chroot/usr/lib/modules');
  const [release = ''] = readdirSync(tree);
  const [from, to] = [join(tree, release), join(folder, 'kernel', release)];
  const field = `kernel: { from: 'path', image: '${join(sharedImages(), 'vmlinuz')}', modules: '${to}' }`;
  // Its times are inputs of a build.
  if (existsSync(to)) return field;
  mkdirSync(to, { recursive: true });
  for (const path of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!MODULES.test(path) && !/^modules\.(order|builtin)/.test(path)) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path));
  }
  // Of these alone: it is made anew in the tree.
  writeFileSync(join(to, 'modules.dep'), '');
  return field;
}

/** Fields of a definition, with what else it is to have. */
export function smallFields(folder: string, ...more: readonly string[]): string {
  const fields = ['extends: []', "packages: ['kmod']", "without: ['docs', 'locales']", 'compressionLevel: 1'];
  return [...fields, smallKernel(folder), ...more].join(', ');
}

/** Write a definition of it to FOLDER/mkma.config.ts; returns that path. */
export function writeSmall(folder: string, hostname: string, ...more: readonly string[]): string {
  const path = join(folder, 'mkma.config.ts');
  const fields = smallFields(folder, `hostname: '${hostname}'`, ...more);
  writeFileSync(
    path,
    `import { defineMachine } from 'mkma';\nexport default defineMachine({ ${fields} });\n`,
  );
  return path;
}
