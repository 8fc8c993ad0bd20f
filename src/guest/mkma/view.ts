/** Where the directories that the root is made of can be seen. */
import { OVERLAY } from '../../core/contract.js';

export const VIEW = `/${OVERLAY.root}`;
/** The upper directory. */
export const FRESH = `${VIEW}/${OVERLAY.fresh}`;
