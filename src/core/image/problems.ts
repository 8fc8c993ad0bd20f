/** The problems that every reader of images meets: one constructor each. */
import type { Problem } from '../result.js';

/** Where an image is, as the reader calls it; absent where the caller adds it. */
type At = { readonly where?: string };

/** What an image holds is not what its manifest or its checksums say. */
export function damaged(why: string, at: At & { readonly next?: string } = {}): Problem {
  return { code: 'image-damaged', what: 'the image is damaged', why, next: 'copy or build it again', ...at };
}

/** A file that cannot be opened or read. */
export function unreadable(where: string, why: string, next: string): Problem {
  return { code: 'image-unreadable', what: 'cannot read the image', where, why, next };
}

/** A file of 0 bytes. */
export function emptyImage(where: string, next: string): Problem {
  return { code: 'image-empty', what: 'the image is empty', where, why: 'the file has 0 bytes', next };
}

/** An image of the one kind where the other is expected. */
export function wrongKind(expected: 'base' | 'layer', where: string, why: string, next: string): Problem {
  return { code: 'image-kind', what: `not a ${expected}`, where, why, next };
}
