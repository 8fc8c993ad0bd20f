/** Paths whose contents in an image are never visible. Pure. */

/** Folders that boots mount over, which hides what an image has in them. */
export const HIDDEN = ['/proc', '/sys', '/dev', '/run', '/tmp', '/overlay'];
