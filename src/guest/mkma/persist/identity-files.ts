/** The identity as the machine has it now: files that differ from those of the base. */
import type { FileAttributes } from '../../../core/archive/attributes.js';
import { inView, sortTree, type TreeEntry } from '../../../core/archive/tree.js';
import type { BootRecord } from '../../../core/boot/record.js';
import { OVERLAY } from '../../../core/contract.js';
import {
  IDENTITY_FOLDERS,
  IDENTITY_KINDS,
  identityKind,
  identityPart,
  MACHINE_ID_KIND,
} from '../../../core/identity/files.js';
import { ancestorsOf, sortByName } from '../../../core/text/path.js';
import { must } from '../../must.js';
import { sumOf } from '../../records.js';
import type { RunningSystem } from '../../system.js';
import { attributesInView, dumpOf, find } from '../directory.js';
import type { Merged } from '../merged.js';
import { VIEW } from '../view.js';

export interface Identity {
  /** Its files, and the folders above them, sorted, the root first. */
  readonly tree: readonly TreeEntry[];
  /** Sorted by path. */
  readonly attributes: readonly FileAttributes[];
  /** Content of files of which a part alone is the identity. */
  readonly texts: ReadonlyMap<string, string>;
  /** Files of the base or other layers that were removed. */
  readonly deletions: readonly string[];
  /** Its kinds, for people. */
  readonly kinds: readonly string[];
  /** Its files as they are, to be compared (core/archive/tree.ts). */
  readonly entries: readonly TreeEntry[];
  /** A digest of what it consists of. */
  readonly digest: string;
}

/** Collects it. What is as in the base, everybody may have. */
export function collectIdentity(
  machine: RunningSystem,
  record: BootRecord,
  { root, below }: Merged,
): Identity {
  const base = `${VIEW}/${OVERLAY.base}`;
  const found = identityFiles(machine, root);
  const parts = partsOf(machine, root, found);
  const entries = found.filter(
    ({ path }) => parts.has(path) && machine.readText(`${base}/${path}`) !== parts.get(path),
  );
  const here = new Set(found.map(({ path }) => path));
  const others = foldersBesides(record);
  const deletions = identityFiles(machine, below)
    .map(({ path }) => path)
    .filter((path) => !here.has(path) && !MACHINE_ID_KIND.paths.some((one) => one.test(path)))
    .filter((path) => others.some((folder) => machine.info(`${folder}/${path}`) !== undefined));
  const paths = [...entries.map(({ path }) => path), ...deletions];
  const folders = find(
    machine,
    root,
    [...new Set(paths.flatMap((path) => ['.', ...ancestorsOf(path)]))],
    'themselves',
  );
  // Only leases differ from what the file has.
  const texts = new Map(
    [...parts].filter(([path, text]) => here.has(path) && machine.readText(`${root}/${path}`) !== text),
  );
  const tree = [...folders, ...entries].map((entry) => {
    const text = texts.get(entry.path);
    return inView(text === undefined ? entry : { ...entry, size: text.length, nlink: 1 });
  });
  const dump = attributesInView(
    dumpOf(
      machine,
      root,
      tree.map(({ path }) => path),
    ),
  );
  return {
    tree: sortTree(tree),
    attributes: sortByName(
      [...dump]
        .map(([path, values]) => ({ path, values }))
        .filter(({ values }) => Object.keys(values).length > 0),
      ({ path }) => path,
    ),
    texts,
    deletions,
    kinds: kindsOf(paths),
    entries,
    digest: digestOf(machine, entries, parts, deletions),
  };
}

/** The digest of what the layer in this folder consists of, as of {@link Identity}. */
export function digestOfLayer(machine: RunningSystem, folder: string, deletions: readonly string[]): string {
  const entries = identityFiles(machine, folder);
  return digestOf(machine, entries, partsOf(machine, folder, entries), deletions);
}

function kindsOf(paths: readonly string[]): string[] {
  const found = new Set(paths.map(identityKind));
  return IDENTITY_KINDS.map(({ what }) => what).filter((what) => found.has(what));
}

function identityFiles(machine: RunningSystem, folder: string): TreeEntry[] {
  return sortTree(
    find(machine, folder, IDENTITY_FOLDERS, 'children').filter(
      ({ path, type }) => type === 'f' && identityKind(path) !== undefined,
    ),
  );
}

/** What of each file is the identity; nothing of an empty one. */
function partsOf(machine: RunningSystem, folder: string, entries: readonly TreeEntry[]): Map<string, string> {
  return new Map(
    entries.flatMap(({ path }): [string, string][] => {
      const text = machine.readText(`${folder}/${path}`);
      const part = text === undefined ? undefined : identityPart(path, text);
      return part === undefined || part.trim() === '' ? [] : [[path, part]];
    }),
  );
}

function digestOf(
  machine: RunningSystem,
  entries: readonly TreeEntry[],
  parts: ReadonlyMap<string, string>,
  deletions: readonly string[],
): string {
  const files = entries.map(({ path, mode, uid, gid }) => [path, mode, uid, gid, parts.get(path)]);
  return sumOf(must(machine, ['sha256sum'], { input: JSON.stringify([files, deletions]) }));
}

/** Folders of the base and of the layers without an identity. */
function foldersBesides({ images }: BootRecord): string[] {
  return images.flatMap(({ layer, identity }) => {
    if (identity !== undefined) return [];
    return [layer === undefined ? `${VIEW}/${OVERLAY.base}` : `${VIEW}/${OVERLAY.layers}/${layer}`];
  });
}
