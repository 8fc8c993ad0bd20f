/** Mount points of init inside the initramfs. */
import { OVERLAY } from '../../core/contract.js';

/** The storage device. */
export const STORAGE = '/storage';
/** The device with layers, where that is another one. */
export const LAYERS_STORAGE = '/layers-storage';
/** The device with a key file. */
export const KEY_DEVICE = '/mkma/key-device';
/** The RAM file system. */
export const RAM = '/ram';
/** What becomes `/overlay` on the running machine: base, fresh, layers. */
export const VIEW = `${RAM}/view`;
/** The overlay: what becomes `/`. */
export const NEW_ROOT = '/newroot';
/** The base, and the folder that contains a folder for each layer. */
export const BASE = `${VIEW}/${OVERLAY.base}`;
export const LAYERS = `${VIEW}/${OVERLAY.layers}`;
/** Links to the lower directories, by their number from the top. */
export const LOWER = '/mkma/lower';
/** Files in which layers are decompressed together: the beginning of their names. */
export const BATCH = '/mkma/batch';
/** What is below a layer, as one. */
export const CHAIN = '/mkma/chain';
/** Where a layer is mounted with other owners before it replaces the one without. */
export const REMAP = '/mkma/remap';
/** Where a base that stays compressed is loaded. */
export const HELD = '/mkma/held';
/** The root in which archives are unpacked. */
export const JAIL = '/jail';
/** For the stub: the new root and the program to run there, one per line. */
export const HANDOVER = '/mkma/handover';
