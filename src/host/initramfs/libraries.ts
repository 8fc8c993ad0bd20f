/** The libraries that programs need, found in the tree that the programs come from. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { type ElfNeeds, readElfNeeds } from './elf.js';

/** A library's path in the tree, usr-merged, without a leading slash. */
export type LibraryPath = string;

/** The loader and every library that `programs` (paths in `tree`) need, directly or not. */
export async function libraryClosure(
  tree: string,
  programs: readonly string[],
): Promise<Result<LibraryPath[]>> {
  const folders = await libraryFolders(tree);
  const found = new Set<LibraryPath>();
  const todo = [...programs];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    const needs = await needsOf(join(tree, path));
    if (needs === undefined) {
      return err({
        code: 'tools-incomplete',
        what: 'not a program of this tree',
        where: join(tree, path),
        why: 'it is not an ELF file',
      });
    }
    for (const name of [
      ...(needs.interpreter === undefined ? [] : [needs.interpreter]),
      ...needs.libraries,
    ]) {
      const library = await locate(tree, folders, name);
      if (library === undefined) {
        return err({
          code: 'tools-incomplete',
          what: `a library is missing: ${name}`,
          where: join(tree, path),
          why: `searched in ${folders.join(', ')}`,
          next: 'add the package that contains it to the tools packages',
        });
      }
      if (found.has(library)) continue;
      found.add(library);
      todo.push(library);
    }
  }
  return ok([...found].sort());
}

/** A program's loader in the tree, and the folders it searches for libraries. */
export async function loaderOf(
  tree: string,
  program: string,
): Promise<Result<{ readonly file: LibraryPath; readonly folders: readonly string[] }>> {
  const folders = await libraryFolders(tree);
  const interpreter = (await needsOf(join(tree, program)))?.interpreter;
  const file = interpreter === undefined ? undefined : await locate(tree, folders, interpreter);
  if (file !== undefined) return ok({ file, folders });
  return err({
    code: 'tools-incomplete',
    what: 'a program of the tools tree cannot be started',
    where: join(tree, program),
    why: `its loader is not in the tree: ${interpreter ?? 'it names none'}`,
    next: 'add the package that contains it to the tools packages',
  });
}

async function needsOf(path: string): Promise<ElfNeeds | undefined> {
  return readElfNeeds(await readFile(path));
}

/** Where Debian's loader looks without a cache: the multiarch folder, then the plain ones. */
async function libraryFolders(tree: string): Promise<string[]> {
  const names = await readdir(join(tree, 'usr/lib'));
  const multiarch = names.filter((name) => /-linux-gnu/.test(name)).sort();
  return [...multiarch.map((name) => `usr/lib/${name}`), 'usr/lib', 'usr/lib64'];
}

async function locate(
  tree: string,
  folders: readonly string[],
  name: string,
): Promise<LibraryPath | undefined> {
  const candidates = name.startsWith('/')
    ? [name.slice(1).replace(/^lib/, 'usr/lib')]
    : folders.map((folder) => `${folder}/${name}`);
  for (const candidate of candidates) if (await isFileInside(tree, candidate)) return candidate;
  return undefined;
}

/** An absolute link would escape the tree, to a file of the host. */
async function isFileInside(tree: string, path: string): Promise<boolean> {
  try {
    const real = await realpath(join(tree, path));
    return real.startsWith(`${await realpath(tree)}/`) && (await stat(real)).isFile();
  } catch {
    return false;
  }
}
