/** Where mkma itself is: run as compiled (dist/src/host) or as the shipped bundle (dist/host). */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** The root folder of mkma's package. */
export const PACKAGE = packageAbove(HERE);

/** Its compiled files. */
export const COMPILED = join(PACKAGE, 'dist');

/** The folder of the running program's modules, with its slash: stack frames in here are mkma's own. */
export const OWN = join(COMPILED, HERE.startsWith(join(COMPILED, 'src/')) ? 'src/' : 'host/');

/** The module of the running program that definitions import as `mkma`. */
export const API = join(dirname(HERE), 'definition/api.js');

function packageAbove(path: string): string {
  const folder = dirname(path);
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (folder === path) throw new Error(`mkma has no package.json above ${import.meta.url}`);
  return packageAbove(folder);
}
