/** A full file system: how programs report it, and what to do about it. */

/** What programs print: ENOSPC in errno(3). */
export const NO_SPACE = /No space left on device|ENOSPC/;

export const MAKE_SPACE = 'free some space, or name another folder with --output or --cache, and try again';
