/**
 * Phase "layers", once all are loaded: files with several owners, and owners of files, where a layer is
 * applied to others than it was made on.
 */
import { COMPOSED, MOST_LAYERS } from '../../core/contract.js';
import { showPath } from '../../core/overlay/change-list.js';
import {
  type ChainLayer,
  type ComposedChain,
  composeChain,
  type Renumbered,
} from '../../core/records/compose.js';
import { composedText, renumberedText } from '../../core/records/compose-text.js';
import { INFO, type StaleFiles } from '../../core/records/packages.js';
import type { Problem } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { formatBytes } from '../../core/text/size.js';
import { memoryInfo } from '../meminfo.js';
import { lookAt } from '../records.js';
import type { GuestSystem } from '../system.js';
import { writeComposed } from './composed-folder.js';
import { BASE, LAYERS, VIEW } from './folders.js';
import { type HiddenFiles, hiddenFiles } from './hidden-files.js';
import { remap } from './remap.js';
import { say } from './say.js';
import { withChain } from './stack.js';
import type { Undo } from './undo.js';
import type { AppliedLayer } from './watch-records.js';

/** A layer that is loaded. */
export interface AppliedOnto extends AppliedLayer {
  /** Whether it, and all below it, were made on exactly what is below. */
  readonly onKnown: boolean;
}

/** The result. */
export interface Composed {
  /** Paths of files that early boot composed, relative to the root; their folder is the highest. */
  readonly files: readonly string[];
  /** By the names of layers that are mounted with other owners. */
  readonly renumbered: ReadonlyMap<string, readonly Renumbered[]>;
  /** About what was composed. */
  readonly warnings: readonly string[];
  /** Layers that cannot be applied here. */
  readonly failed: ReadonlyMap<string, Problem>;
}

const UNCHANGED: Composed = { files: [], renumbered: new Map(), warnings: [], failed: new Map() };

/**
 * Composes the files of the layers, the lowest first. Costs nothing if each was made on exactly what is below
 * it.
 */
export function composeLayers(machine: GuestSystem, layers: readonly AppliedOnto[], undo: Undo): Composed {
  const failed = new Map<string, Problem>();
  let apart = true;
  for (;;) {
    const left = layers.filter(({ image }) => !failed.has(image.layer));
    const first = left.findIndex(({ onKnown }) => !onKnown);
    const others = first < 0 ? [] : left.slice(first);
    if (!others.some(({ manifest }) => manifest?.records !== undefined)) return { ...UNCHANGED, failed };
    const chain = composeOthers(machine, left.slice(0, first), others, apart);
    const top = left.at(-1);
    const stale = staleIn(machine, left, chain);
    const hidden = hiddenHere(machine, left, others, chain);
    const parts = chain.files.size + chain.links.size + stale.length + hidden.length;
    if (parts > 0 && left.length >= MOST_LAYERS && top !== undefined) {
      failed.set(top.image.layer, noRoom(top));
      continue;
    }
    const refused = others.filter(({ image }) => chain.layers.get(image.layer)?.refused !== undefined);
    for (const { image } of refused) {
      failed.set(image.layer, otherForm(image, chain.layers.get(image.layer)?.refused ?? ''));
    }
    if (refused.length > 0) continue;
    const mapped = remapAll(machine, others, chain, undo);
    if (!mapped.ok) {
      // Perhaps no layer has to be mounted with other owners.
      if (apart) apart = false;
      else failed.set(...mapped.failed);
      continue;
    }
    const shown = roomFor(machine, hidden) ? hidden : [];
    const files = undoing(
      () => writeComposed(machine, namesOf(left), { ...chain, stale, hidden: shown }),
      () => {
        for (const folder of mapped.folders) {
          machine.run(['umount', folder]);
          undo.drop(['umount', folder]);
        }
        machine.run(['rm', '-rf', `${VIEW}/${COMPOSED}`]);
      },
    );
    const renumbered = new Map(
      [...chain.layers].flatMap(([name, { renumbered }]) =>
        renumbered.length === 0 ? [] : [[name, renumbered]],
      ),
    );
    const warnings = [
      ...chain.unmet.map(
        ({ name, missing }) => `package ${name} lacks ${missing.join(', ')}: apt-get -f install installs it`,
      ),
      ...(shown.length < hidden.length ? [tooLargeText(hidden)] : []),
    ];
    sayComposed(machine, files, renumbered, warnings);
    return { files, renumbered, warnings, failed };
  }
}

function hiddenHere(
  machine: GuestSystem,
  layers: readonly AppliedOnto[],
  others: readonly AppliedOnto[],
  { installed }: ComposedChain,
): HiddenFiles[] {
  const all = layers.map((layer) => ({ ...layer, opaque: opaqueOf(layer) }));
  return hiddenFiles(machine, all, others, installed);
}

/** Most bytes of files that layers hide and the composed folder gets copies of, if RAM is free four times. */
const MOST_SHOWN = 64 * 2 ** 20;

function roomFor(machine: GuestSystem, hidden: readonly HiddenFiles[]): boolean {
  const bytes = bytesOf(hidden);
  return bytes === 0 || bytes <= Math.min(MOST_SHOWN, memoryInfo(machine, 'MemAvailable') / 4);
}

function bytesOf(hidden: readonly HiddenFiles[]): number {
  return hidden.reduce((sum, { bytes }) => sum + bytes, 0);
}

function tooLargeText(hidden: readonly HiddenFiles[]): string {
  const path = showPath(hidden[0]?.paths[0] ?? '');
  return `layers hide ${formatBytes(bytesOf(hidden))} of packages that they have not seen, such as ${path}: reinstall the package that has it (dpkg -S ${path}), or drop the layers that deleted it`;
}

/** Calls `clean` if `work` fails. */
function undoing<T>(work: () => T, clean: () => void): T {
  try {
    return work();
  } catch (cause) {
    clean();
    throw cause;
  }
}

function otherForm(image: AppliedOnto['image'], path: string): Problem {
  const isAccounts = path.startsWith('etc/');
  return {
    code: isAccounts ? 'layer-other-accounts' : 'layer-other-packages',
    what: `the layer cannot be composed with the ${isAccounts ? 'accounts' : 'packages'} below it`,
    where: image.shown,
    why: `/${path} has another form there, or in the layer, than its programs write`,
    next: 'correct the file in the base, or drop the layer: mkma layers drop NAME',
  };
}

function noRoom({ image }: AppliedOnto): Problem {
  return {
    code: 'too-many-layers',
    what: 'too many layers',
    where: image.shown,
    why: `accounts and packages are composed here, which takes the place of one of ${MOST_LAYERS} layers`,
    next: 'drop or disable some on the machine: mkma layers drop NAME, mkma layers disable NAME',
  };
}

function composeOthers(
  machine: GuestSystem,
  known: readonly AppliedOnto[],
  others: readonly AppliedOnto[],
  apart: boolean,
): ComposedChain {
  const chain: ChainLayer[] = others.map((layer) => {
    const { image, manifest } = layer;
    const folder = `${LAYERS}/${image.layer}`;
    const opaque = opaqueOf(layer);
    const text = (path: string): string | null | undefined => {
      const there = lookAt(machine, folder, path, opaque);
      if (there === 'absent') return undefined;
      return there === 'file' ? (machine.readText(`${folder}/${path}`) ?? null) : null;
    };
    return { name: image.layer, records: manifest?.records, text };
  });
  return withChain(machine, namesOf(known), (folder) => {
    const below = (path: string): string | null =>
      lookAt(machine, folder, path) === 'file' ? (machine.readText(`${folder}/${path}`) ?? null) : null;
    return composeChain(below, chain, apart);
  });
}

/** Files of packages that the layers, and those above them, neither have nor delete. */
function staleIn(
  machine: GuestSystem,
  layers: readonly AppliedOnto[],
  { stale }: ComposedChain,
): StaleFiles[] {
  if (stale.length === 0) return [];
  // What dpkg has of packages, in whichever image.
  const folders = [BASE, ...layers.map(({ image }) => `${LAYERS}/${image.layer}`)];
  const info = [...new Set(folders.flatMap((folder) => machine.list(`${folder}/${INFO}`) ?? []))];
  return stale.map((one) => {
    const above = layers.slice(layers.findIndex(({ image }) => image.layer === one.layer));
    const isAbsent = (path: string): boolean =>
      above.every(
        (layer) => lookAt(machine, `${LAYERS}/${layer.image.layer}`, path, opaqueOf(layer)) === 'absent',
      );
    const named = info.filter((file) => file.startsWith(`${one.name}.`)).map((file) => `${INFO}/${file}`);
    return { ...one, paths: [...one.paths, ...named].filter(isAbsent) };
  });
}

function opaqueOf({ manifest, opaque = [] }: AppliedOnto): readonly string[] {
  return manifest?.kind === 'layer' ? manifest.layer.opaque : opaque;
}

function namesOf(layers: readonly AppliedOnto[]): string[] {
  return layers.map(({ image }) => image.layer);
}

/** The folders that are mounted with other owners; or the first layer that cannot be, and why. */
function remapAll(
  machine: GuestSystem,
  layers: readonly AppliedOnto[],
  chain: ComposedChain,
  undo: Undo,
):
  | { readonly ok: true; readonly folders: readonly string[] }
  | { readonly ok: false; readonly failed: [string, Problem] } {
  const moving = layers.flatMap(({ image, fileSystem }) => {
    const moves = chain.layers.get(image.layer)?.moves;
    if (moves === undefined || moves.users.size + moves.groups.size === 0) return [];
    return [{ image, folder: `${LAYERS}/${image.layer}`, moves, mounted: fileSystem !== undefined }];
  });
  const failed = remap(machine, moving, undo);
  const layer = failed === undefined ? undefined : moving[failed.index];
  if (failed === undefined || layer === undefined)
    return { ok: true, folders: moving.map(({ folder }) => folder) };
  return {
    ok: false,
    failed: [
      layer.image.layer,
      {
        code: 'layer-other-owners',
        what: 'user or group IDs in the layer belong to different accounts here, and cannot be mapped',
        where: layer.image.shown,
        why: failed.why,
        next: 'use a kernel and a base of Debian 13 or newer, or drop the layer: mkma layers drop NAME',
      },
    ],
  };
}

function sayComposed(
  machine: GuestSystem,
  files: readonly string[],
  renumbered: ReadonlyMap<string, readonly Renumbered[]>,
  warnings: readonly string[],
): void {
  for (const warning of warnings) say(machine, `warning: ${warning}`);
  if (files.length > 0) say(machine, composedText(files));
  for (const [layer, all] of renumbered) {
    for (const one of all) say(machine, `layer ${quoteName(layer)}: ${renumberedText(one)}`);
  }
}
