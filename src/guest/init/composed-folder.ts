/** The highest lower directory of the overlay: what was composed of several layers. */
import { COMPOSED } from '../../core/contract.js';
import type { ComposedChain } from '../../core/records/compose.js';
import { ancestorsOf, parentOf } from '../../core/text/path.js';
import { must, mustMakeFolder } from '../must.js';
import type { GuestSystem } from '../system.js';
import { BASE, LAYERS, VIEW } from './folders.js';
import type { HiddenFiles } from './hidden-files.js';
import { withChain } from './stack.js';

/** What is written into it. */
interface Parts extends Pick<ComposedChain, 'files' | 'links' | 'stale'> {
  /** What layers hide that is to be seen. */
  readonly hidden: readonly HiddenFiles[];
}

/**
 * Writes files and links into it, files that layers hide, and whiteouts for what is to go, each in folders
 * with the owner and mode that they have. `layers`: all that are applied, the lowest first. Returns the
 * paths; without any, there is no folder.
 */
export function writeComposed(
  machine: GuestSystem,
  layers: readonly string[],
  { files, links, stale, hidden }: Parts,
): string[] {
  if (files.size + links.size + stale.length + hidden.length === 0) return [];
  const folder = `${VIEW}/${COMPOSED}`;
  const shown = hidden.flatMap((one) => copyHidden(machine, one, folder));
  return withChain(machine, layers, (below) => {
    const found = lookAround(machine, shown.length === 0 ? [below] : [folder, below]);
    const isFolder = (path: string): boolean => found.kindOf(path) === 'folder';
    const written = [...files].filter(([path]) => ['file', 'nothing'].includes(found.kindOf(path)));
    const made: (readonly [path: string, target: string])[] = [];
    const deleted = new Set<string>();
    for (const [path, target] of links) {
      const there = found.resolve(path);
      // update-alternatives(1) never replaces what is no link, and makes none without its folder or its file.
      if (there === undefined || !isFolder(parentOf(there))) continue;
      const kind = found.kindOf(there);
      const wanted = target !== null && leadsSomewhere(found, target, links) ? target : null;
      if (kind === 'link' && wanted === null) deleted.add(there);
      else if (wanted === null || (kind !== 'link' && kind !== 'nothing')) continue;
      else if (machine.readlink(`${below}/${there}`) !== wanted) made.push([there, wanted]);
    }
    for (const path of stale.flatMap(({ paths }) => paths)) {
      const kind = found.resolve(path) === path ? found.kindOf(path) : 'nothing';
      if (kind === 'file' || kind === 'link' || kind === 'other') deleted.add(path);
    }
    const own = [...written.map(([path]) => path), ...made.map(([path]) => path), ...deleted];
    const all = [...new Set([...own, ...shown])];
    if (all.length === 0) return [];
    mustMakeFolder(machine, folder);
    const isBelow = (path: string): boolean => machine.info(`${below}/${path}`)?.kind === 'directory';
    const folders = [...new Set(all.flatMap((path) => ancestorsOf(path)))].filter(
      (path) => isFolder(path) && isBelow(path),
    );
    const copied = written.map(([path]) => path).filter((path) => found.kindOf(path) === 'file');
    const input = [...folders, ...copied].map((path) => `${path}\0`).join('');
    must(machine, ['sh', '-c', COPY, below, folder], { input });
    for (const [path, text] of written) {
      if (!copied.includes(path)) makeFile(machine, folder, layers, path);
      if (!machine.write(`${folder}/${path}`, text)) throw new Error(`cannot write ${folder}/${path}`);
      if (copied.includes(path)) must(machine, ['touch', '-r', `${below}/${path}`, `${folder}/${path}`]);
    }
    for (const [path, target] of made) {
      const why = machine.link(target, `${folder}/${path}`);
      if (why !== undefined) throw new Error(`cannot make the link ${folder}/${path}: ${why}`);
    }
    for (const path of deleted) must(machine, ['mknod', `${folder}/${path}`, 'c', '0', '0']);
    for (const path of folders) must(machine, ['touch', '-r', `${below}/${path}`, `${folder}/${path}`]);
    return all.sort();
  });
}

/** Copies what layers hide from the image that has it; returns the paths of what was there. */
function copyHidden(machine: GuestSystem, { folder: image, paths }: HiddenFiles, folder: string): string[] {
  const found = lookAround(machine, [image]);
  const there = paths.filter((path) => found.resolve(path) === path && found.kindOf(path) !== 'nothing');
  if (there.length === 0) return [];
  mustMakeFolder(machine, folder);
  const all = new Set([...there.flatMap((path) => ancestorsOf(path)), ...there]);
  must(machine, ['sh', '-c', COPY, image, folder], {
    input: [...all].map((path) => `${path}\0`).join(''),
  });
  return there;
}

type Kind = 'file' | 'folder' | 'link' | 'other' | 'nothing';

/** What the view has at paths, by their own names: a link is not followed, since it escapes the view. */
interface Found {
  kindOf(path: string): Kind;
  resolve(path: string): string | undefined;
}

/** In folders, the highest first. */
function lookAround(machine: GuestSystem, folders: readonly string[]): Found {
  const linkAt = (path: string): string | undefined =>
    folders.map((folder) => machine.readlink(`${folder}/${path}`)).find((target) => target !== undefined);
  return {
    kindOf(path) {
      if (linkAt(path) !== undefined) return 'link';
      const kind = folders.map((folder) => machine.info(`${folder}/${path}`)?.kind).find((one) => one);
      if (kind === undefined) return 'nothing';
      return kind === 'directory' ? 'folder' : kind === 'file' ? 'file' : 'other';
    },
    resolve: (path) => resolved(linkAt, path),
  };
}

/** Whether a link would lead to something that is there, or to another of the links. */
function leadsSomewhere(found: Found, target: string, links: ReadonlyMap<string, string | null>): boolean {
  const path = target.slice(1);
  const next = links.get(path);
  if (next !== undefined) return next !== null && leadsSomewhere(found, next, new Map());
  const there = found.resolve(path);
  return there !== undefined && found.kindOf(there) !== 'nothing';
}

/** An empty file for what the highest image has deleted, as the highest one has it that has it. */
function makeFile(machine: GuestSystem, folder: string, layers: readonly string[], path: string): void {
  for (const above of ancestorsOf(path)) mustMakeFolder(machine, `${folder}/${above}`);
  const images = [...layers.map((name) => `${LAYERS}/${name}`).reverse(), BASE];
  const template = images
    .map((image) => `${image}/${path}`)
    .find((file) => machine.readlink(file) === undefined && machine.info(file)?.kind === 'file');
  const info = template === undefined ? undefined : machine.info(template);
  if (!machine.write(`${folder}/${path}`, '')) throw new Error(`cannot write ${folder}/${path}`);
  const { mode, uid, gid } = info ?? { mode: isSecret(path) ? 0o600 : 0o644, uid: 0, gid: 0 };
  must(machine, ['chmod', mode.toString(8), `${folder}/${path}`]);
  must(machine, ['chown', `${uid}:${gid}`, `${folder}/${path}`]);
}

/** Whether a file has passwords. */
function isSecret(path: string): boolean {
  return /shadow$|passwords\.dat$/.test(path);
}

/**
 * The path without links in its folders, such as `/bin`, which is one to `usr/bin`; `undefined` if they lead
 * nowhere, or too far.
 */
function resolved(linkAt: (path: string) => string | undefined, path: string): string | undefined {
  let there = path;
  for (let i = 0; i < MOST_LINKS; i++) {
    const above = ancestorsOf(there).filter((folder) => folder !== '.');
    const link = above.find((folder) => linkAt(folder) !== undefined);
    if (link === undefined) return there;
    const target = linkAt(link) ?? '';
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
