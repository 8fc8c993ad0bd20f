/** The highest lower directory of the overlay: what was composed of several layers. */
import { COMPOSED } from '../../core/contract.js';
import type { ComposedChain } from '../../core/records/compose.js';
import { ancestorsOf, parentOf } from '../../core/text/path.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { VIEW } from './folders.js';
import { withChain } from './stack.js';

/**
 * Writes files and links into it, and whiteouts for what is to go, each in folders with the owner and mode
 * that they have. `layers`: all that are applied, the lowest first. Returns the paths; without any, there is
 * no folder.
 */
export function writeComposed(
  machine: GuestSystem,
  layers: readonly string[],
  { files, links, stale }: Pick<ComposedChain, 'files' | 'links' | 'stale'>,
): string[] {
  if (files.size + links.size + stale.length === 0) return [];
  return withChain(machine, layers, (below) => {
    const at = (path: string): string => `${below}/${path}`;
    const isFile = (path: string): boolean =>
      machine.readlink(at(path)) !== undefined ||
      (machine.info(at(path))?.kind ?? 'directory') !== 'directory';
    const real = [...links].flatMap(([path, target]) => {
      const there = resolved(machine, below, path);
      return there === undefined ? [] : [[there, target] as const];
    });
    const isStale = (path: string): boolean => resolved(machine, below, path) === path;
    const changed = real.filter(([path, target]) => (machine.readlink(at(path)) ?? null) !== target);
    const made = changed.flatMap(([path, target]) => (target === null ? [] : [[path, target] as const]));
    const deleted = [
      ...changed.map(([path]) => path),
      ...stale.flatMap(({ paths }) => paths.filter(isStale)),
    ].filter((path) => isFile(path) && !made.some(([link]) => link === path));
    const all = [...files.keys(), ...made.map(([path]) => path), ...deleted];
    if (all.length === 0) return [];
    const folder = `${VIEW}/${COMPOSED}`;
    mustMakeFolder(machine, folder);
    const folders = new Set(all.flatMap((path) => ancestorsOf(path)));
    const input = ['.', ...folders, ...files.keys()].map((path) => `${path}\0`).join('');
    must(machine, ['sh', '-c', COPY, below, folder], { input });
    for (const [path, text] of files) {
      if (!machine.write(`${folder}/${path}`, text)) throw new Error(`cannot write ${folder}/${path}`);
      must(machine, ['touch', '-r', at(path), `${folder}/${path}`]);
    }
    for (const [path, target] of made) {
      const why = machine.link(target, `${folder}/${path}`);
      if (why !== undefined) throw new Error(`cannot make the link ${folder}/${path}: ${why}`);
    }
    for (const path of deleted) must(machine, ['mknod', `${folder}/${path}`, 'c', '0', '0']);
    restoreTimes(machine, below, folder, [...folders]);
    return all.sort();
  });
}

/**
 * The path without links in its folders, such as `/bin`, which is one to `usr/bin`; `undefined` if they lead
 * nowhere, or too far.
 */
function resolved(machine: GuestSystem, below: string, path: string): string | undefined {
  let there = path;
  for (let i = 0; i < MOST_LINKS; i++) {
    const above = ancestorsOf(there).filter((folder) => folder !== '.');
    const link = above.find((folder) => machine.readlink(`${below}/${folder}`) !== undefined);
    if (link === undefined) return there;
    const target = machine.readlink(`${below}/${link}`) ?? '';
    const from = target.startsWith('/') ? [] : parentOf(link).split('/');
    const parts: string[] = [];
    for (const part of [...from, ...target.split('/'), ...there.slice(link.length + 1).split('/')]) {
      if (part === '..' && parts.pop() === undefined) return undefined;
      if (part !== '..' && part !== '.' && part !== '') parts.push(part);
    }
    there = parts.join('/');
  }
  return undefined;
}

const MOST_LINKS = 8;

/** Folders and files as they are in the view, with attributes. */
const COPY = `
cd "$0" && bsdtar --format=pax -cnf /mkma/composed.tar --null -T - &&
bsdtar -xpf /mkma/composed.tar -C "$1" && rm /mkma/composed.tar`;

/** Making something in a folder changes its time. */
function restoreTimes(machine: GuestSystem, below: string, folder: string, paths: readonly string[]): void {
  for (const path of ['.', ...paths]) must(machine, ['touch', '-r', `${below}/${path}`, `${folder}/${path}`]);
}
