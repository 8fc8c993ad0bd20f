/** `mkma layers show`: the contents of an image, one entry per line. */

import { sortTree } from '../archive/tree.js';
import { showPath } from '../overlay/change-list.js';
import { type Records, recordFiles } from '../records/records.js';
import { layerFacts, type StoredImage } from '../set/stored.js';
import { quoteName } from '../text/path.js';
import { formatBytes } from '../text/size.js';
import { entryColumns, entryPath } from './entry-text.js';
import { tableLines } from './table.js';
import type { LayerEntry, LayerTree } from './tree.js';

/** An entry with the additions of the manifest. */
interface ShownEntry extends LayerEntry {
  /** Whether it hides what lower layers have in it. */
  readonly opaque: boolean;
  /** Names of its extended attributes. */
  readonly attributes: readonly string[];
}

export interface ShownLayer {
  readonly name: string;
  readonly file: string;
  readonly disabled: boolean;
  readonly verified: boolean;
  readonly id?: string;
  readonly created?: string;
  readonly unpackedBytes?: number;
  /** Ids of what it was made on. */
  readonly base?: string;
  readonly after?: string;
  /** Its accounts and dpkg database, if its manifest records them. */
  readonly records?: Records;
  /** Sorted by path. */
  readonly entries: readonly ShownEntry[];
  readonly deletions: readonly string[];
}

/** The output of `show` for an image. */
export function showLayer(image: StoredImage, tree: LayerTree): ShownLayer {
  const { name, file, disabled, manifest } = image;
  const { base, after } = layerFacts(image) ?? {};
  return {
    ...{ name, file, disabled, verified: manifest !== undefined },
    ...(manifest === undefined
      ? {}
      : { id: manifest.id, created: manifest.created, unpackedBytes: manifest.unpackedBytes }),
    ...(base === undefined ? {} : { base }),
    ...(after === undefined ? {} : { after }),
    ...(manifest?.records === undefined ? {} : { records: manifest.records }),
    entries: sortTree([...tree.entries.values()]).map((entry) => ({
      ...entry,
      opaque: tree.opaque.has(entry.path),
      attributes: Object.keys(tree.attributes.get(entry.path) ?? {}).sort(),
    })),
    deletions: sortTree([...tree.whiteouts].map((path) => ({ path }))).map(({ path }) => path),
  };
}

/** For people: the entries and deletions in the order of their paths, then a summary. */
export function showLines(shown: ShownLayer): string[] {
  const rows: { readonly path: string; readonly words: string[] }[] = [
    ...shown.entries.map((entry) => ({ path: entry.path, words: [...entryColumns(entry), describe(entry)] })),
    ...shown.deletions.map((path) => ({ path, words: ['deleted', '', '', '', showPath(path)] })),
  ];
  const lines = tableLines(
    sortTree(rows).map(({ words }) => words),
    [2],
  );
  return [...lines, summary(shown), ...recordsLine(shown)];
}

function describe(entry: ShownEntry): string {
  const { opaque, attributes } = entry;
  const only = entry.metadataOnly === true ? ['metadata only'] : [];
  const marks = [...only, ...(opaque ? ['opaque'] : []), ...attributes.map(quoteName)];
  return entryPath(entry) + (marks.length === 0 ? '' : `  (${marks.join(', ')})`);
}

function summary({ name, entries, deletions, unpackedBytes, verified }: ShownLayer): string {
  const of = (type: string): number => entries.filter((entry) => entry.type === type).length;
  const [files, folders, links] = [of('f'), of('d'), of('l')];
  const opaque = entries.filter((entry) => entry.opaque).length;
  const attributes = entries.filter((entry) => entry.attributes.length > 0).length;
  const only = entries.filter(({ metadataOnly }) => metadataOnly === true).length;
  const parts = [
    count(files - only, 'file'),
    `metadata of ${count(only, 'file')}`,
    count(folders, 'folder'),
    count(links, 'link'),
    count(entries.length - files - folders - links, 'other'),
    count(deletions.length, 'deletion'),
    count(opaque, 'opaque folder'),
    `${count(attributes, 'entry', 'entries')} with attributes`,
  ].filter((part) => !/^(metadata of )?0 /.test(part));
  const ram = unpackedBytes === undefined ? [] : [`${formatBytes(unpackedBytes)} in RAM`];
  const unverified = verified ? [] : ['unverified: it has no manifest'];
  return `${quoteName(name)}: ${[...parts, ...ram, ...unverified].join(', ')}`;
}

/** Of a layer: the files that keep it from bases with others of them. */
function recordsLine({ records }: ShownLayer): string[] {
  if (records?.below === undefined) return [];
  const files = recordFiles(records);
  return files.length === 0
    ? []
    : [`contains accounts or packages (${files.join(', ')}): applied only on those it was made on`];
}

/** A number with its noun. */
export function count(number: number, one: string, more = `${one}s`): string {
  return `${number} ${number === 1 ? one : more}`;
}
