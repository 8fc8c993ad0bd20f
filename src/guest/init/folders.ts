/** Where init mounts things, inside the initramfs. */
import { OVERLAY } from '../../core/contract.js';

/** The storage device. */
export const STORAGE = '/storage';
/** The RAM file system. */
export const RAM = '/ram';
/** What becomes `/overlay` on the running machine: base, fresh, layers. */
export const VIEW = `${RAM}/view`;
/** The overlay: what becomes `/`. */
export const NEW_ROOT = '/newroot';
/** The base, and the folder with a folder for each layer. */
export const BASE = `${VIEW}/${OVERLAY.base}`;
export const LAYERS = `${VIEW}/${OVERLAY.layers}`;
/** Links to the lower directories, by their number from the top. */
export const LOWER = '/mkma/lower';
/** Where a base lies that is kept packed, while it is loaded. */
export const HELD = '/mkma/held';
/** The root in which archives are unpacked. */
export const JAIL = '/jail';
/** For the stub: the new root and the program to run there, each on a line. */
export const HANDOVER = '/mkma/handover';
