/** Places whose content is never seen. Pure. */

/** Folders that something is mounted over at boot: what an image has in them is never seen. */
export const HIDDEN = ['/proc', '/sys', '/dev', '/run', '/tmp', '/overlay'];
