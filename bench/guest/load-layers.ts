/**
 * Loads all layers beside a base as early boot does, with its code: run by the initramfs's own QuickJS, in a root that is a copy
 * of it, with the images in /storage and the base unpacked. What came of it is written to /mkma/loaded.json.
 */

import { chooseLayers } from '../../src/guest/init/choose-layers.js';
import { composeLoaded } from '../../src/guest/init/compose-loaded.js';
import { STORAGE } from '../../src/guest/init/folders.js';
import { findBase, findLayers, readInfo } from '../../src/guest/init/images.js';
import { loadLayers } from '../../src/guest/init/layers.js';
import { loadedImage } from '../../src/guest/init/load.js';
import { markDerived } from '../../src/guest/init/mark-derived.js';
import { readSettings } from '../../src/guest/init/settings.js';
import { undoList } from '../../src/guest/init/undo.js';
import { quickjsMachine } from '../../src/guest/qjs/machine.js';
import { exit } from '../../src/guest/qjs/program.js';

const machine = quickjsMachine();

function known<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly problem: { what: string } },
): T {
  if (!result.ok) throw new Error(result.problem.what);
  return result.value;
}

const settings = known(readSettings(''));
const base = known(findBase(machine, ''));
const { manifest } = known(readInfo(machine, base));
const image = loadedImage('base', base, manifest, { bytes: manifest?.unpackedBytes ?? 0, warnings: [] }, 0);
const choice = chooseLayers(machine, settings, known(findLayers(machine, STORAGE, '')));
const start = machine.uptime();
const undo = undoList(machine);
const all = loadLayers(machine, settings, { image, manifest }, choice.chosen, undo);
const loaded = composeLoaded(machine, all, undo);
const derived = markDerived(all.applied, loaded.images);
const seconds = machine.uptime() - start;
const leftOut = [...choice.leftOut, ...loaded.leftOut];
machine.write(
  '/mkma/loaded.json',
  JSON.stringify({ images: [image, ...loaded.images], leftOut, composed: loaded.files, derived, seconds }),
);
exit(0);
