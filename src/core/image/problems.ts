/** The problems that every reader of images meets: one constructor each. */
import type { Problem } from '../result.js';
import { quoteName } from '../text/path.js';

/** The path of an image, as the reader names it; absent if the caller adds it. */
type At = { readonly where?: string };

/** The content of an image does not match its manifest or checksums. */
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

/** A base where a layer is expected, or the reverse. */
export function wrongKind(expected: 'base' | 'layer', where: string, why: string, next: string): Problem {
  return { code: 'image-kind', what: `not a ${expected}`, where, why, next };
}

export const NAME_TWICE = 'layer-name-twice';

/** A layer with the name of another one, in the other format: only one of both can have its folder. */
export function namesake(where: string, other: string): Problem {
  return {
    code: NAME_TWICE,
    what: 'another layer has this name',
    where,
    why: `${quoteName(other)} comes before it, and each layer has a folder of its name`,
    next: 'rename or remove one of the two files',
  };
}
