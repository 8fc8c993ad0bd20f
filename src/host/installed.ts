/** Where mkma itself lies: run as compiled (dist/src/host) or as the bundle that is shipped (dist/host). */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** The folder of mkma's package. */
export const PACKAGE = packageAbove(HERE);

/** What was compiled of it. */
export const COMPILED = join(PACKAGE, 'dist');

/** Modules of the program that runs, with the folder's slash: a stack's frames that lie in here are mkma's own. */
export const OWN = join(COMPILED, HERE.startsWith(join(COMPILED, 'src/')) ? 'src/' : 'host/');

/** The module that definitions import as `mkma`, of the program that runs. */
export const API = join(dirname(HERE), 'definition/api.js');

function packageAbove(path: string): string {
  const folder = dirname(path);
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (folder === path) throw new Error(`mkma has no package.json above ${import.meta.url}`);
  return packageAbove(folder);
}
