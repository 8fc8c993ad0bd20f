/**
 * File names are bytes. mkma represents them as strings in one codec: valid UTF-8 as it is, every other byte
 * 0x80-0xff as the lone surrogate U+DC80-U+DCFF (like Python's "surrogateescape", PEP 383). It is lossless
 * and survives JSON.
 */

import { concatBytes } from './bytes.js';

/**
 * Bytes of a plain run that are decoded at once: well below the limit of an engine for arguments of one call.
 */
const RUN = 4096;

/** Decode a name's bytes. Inverse of {@link encodeName} for every byte sequence. */
export function decodeName(bytes: Uint8Array): string {
  let out = '';
  let i = 0;
  while (i < bytes.length) {
    const start = i;
    while (i < bytes.length && i - start < RUN && (bytes[i] as number) < 0x80) i++;
    if (i > start) {
      out += String.fromCharCode.apply(null, bytes.subarray(start, i) as unknown as number[]);
      continue;
    }
    const lead = bytes[i] as number;
    const length = sequenceLength(bytes, i);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 | lead);
      i++;
      continue;
    }
    let code = lead & (0xff >> (length + 1));
    for (let k = 1; k < length; k++) code = (code << 6) | ((bytes[i + k] as number) & 0x3f);
    out += String.fromCodePoint(code);
    i += length;
  }
  return out;
}

/** Length of the well-formed UTF-8 sequence at `i` (Unicode 15 table 3-7), or 0 if there is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i] as number;
  const length =
    lead >= 0xc2 && lead <= 0xdf
      ? 2
      : lead >= 0xe0 && lead <= 0xef
        ? 3
        : lead >= 0xf0 && lead <= 0xf4
          ? 4
          : 0;
  if (length === 0 || i + length > bytes.length) return 0;
  const second = bytes[i + 1] as number;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let k = 2; k < length; k++) if (((bytes[i + k] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

/** Encode a name to its bytes. A lone surrogate outside U+DC80-U+DCFF is a bug of the caller and throws. */
export function encodeName(name: string): Uint8Array {
  const out = new Uint8Array(nameLength(name));
  putName(name, out, 0);
  return out;
}

/** Length in bytes of a name once encoded by {@link encodeName}. */
export function nameLength(name: string): number {
  if (isAscii(name)) return name.length;
  let length = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.codePointAt(i) as number;
    if (code < 0x80 || (code >= 0xdc80 && code <= 0xdcff)) length += 1;
    else if (code < 0x800) length += 2;
    else if (code < 0x10000) length += 3;
    else {
      length += 4;
      i++;
    }
  }
  return length;
}

/** Writes a name's bytes to `out` at `at`, which must have room for them. Returns where they end. */
export function putName(name: string, out: Uint8Array, at: number): number {
  let n = at;
  for (let i = 0; i < name.length; i++) {
    const code = name.codePointAt(i) as number;
    if (code < 0x80) out[n++] = code;
    else if (code < 0x800) {
      out[n++] = 0xc0 | (code >> 6);
      out[n++] = 0x80 | (code & 0x3f);
    } else if (code >= 0xdc80 && code <= 0xdcff) out[n++] = code & 0xff;
    else if (code >= 0xd800 && code <= 0xdfff) {
      throw new Error(`not a file name: lone surrogate U+${code.toString(16)}`);
    } else if (code < 0x10000) {
      out[n++] = 0xe0 | (code >> 12);
      out[n++] = 0x80 | ((code >> 6) & 0x3f);
      out[n++] = 0x80 | (code & 0x3f);
    } else {
      out[n++] = 0xf0 | (code >> 18);
      out[n++] = 0x80 | ((code >> 12) & 0x3f);
      out[n++] = 0x80 | ((code >> 6) & 0x3f);
      out[n++] = 0x80 | (code & 0x3f);
      i++;
    }
  }
  return n;
}

/** Order of names by their bytes, as in `LC_ALL=C sort` and the kernel. */
export function compareNames(a: string, b: string): number {
  // Code unit order equals byte order if both sides are ASCII, which is nearly always.
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : a > b ? 1 : 0;
  const x = encodeName(a);
  const y = encodeName(b);
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    const d = (x[i] as number) - (y[i] as number);
    if (d !== 0) return d;
  }
  return x.length - y.length;
}

/** Sorts items in place by their names, in the order of {@link compareNames}. */
export function sortByName<T>(items: T[], nameOf: (item: T) => string): T[] {
  const names = items.map(nameOf);
  // Code unit order equals byte order for ASCII, which engines sort many times faster without a callback.
  // NUL, which sorts before all else, is in no name.
  if (!isAscii(names.join(''))) return items.sort((a, b) => compareNames(nameOf(a), nameOf(b)));
  if (names.every((name, i) => i === 0 || (names[i - 1] as string) <= name)) return items;
  const keys = names.map((name, i) => `${name}\0${i}`).sort();
  const sorted = keys.map((key) => items[Number(key.slice(key.indexOf('\0') + 1))] as T);
  for (const [i, item] of sorted.entries()) items[i] = item;
  return items;
}

/** The kernel's limit for paths, without the NUL (PATH_MAX of limits.h). */
const MAX_PATH = 4095;

/**
 * Whether a string is a path relative to a tree's root that stays below it: not empty, no `.` or `..`, no
 * empty part, no NUL, nothing that {@link encodeName} cannot encode.
 */
export function isSafePath(path: string): boolean {
  if (path.length > MAX_PATH || /[\0\ud800-\udbff\udc00-\udc7f\udd00-\udfff]/.test(withoutPairs(path)))
    return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/**
 * Whether a path is below a folder. Both are absolute, or relative to the same folder, without a trailing
 * slash.
 */
export function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? folder : `${folder}/`) && path !== folder;
}

/** Whether a path is a folder or below it, like {@link isBelow}. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

/** The text without valid surrogate pairs: the remaining surrogates are lone ones. */
function withoutPairs(text: string): string {
  return text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '');
}

/**
 * Whether all characters are ASCII. With a regular expression: on QuickJS a loop over the characters takes
 * many times as long.
 */
export function isAscii(name: string): boolean {
  return /^[\0-\x7f]*$/.test(name);
}

const C_ESCAPES = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

/**
 * Names that certainly need no quotes, nearly all of them: with a regular expression, as in {@link isAscii}.
 */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * Characters beyond ASCII that terminals obey instead of showing them: the controls of ISO 6429 (U+0080 to
 * U+009F), and those that change the direction of text (UAX #9), by which one name can look like another.
 */
const CONTROLS = /[\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/**
 * A name for people, quoted only if needed, in git's C style (git-config(1), core.quotePath=false): control
 * characters, quotes, backslashes, bytes that are not UTF-8, and {@link CONTROLS} are escaped.
 */
export function quoteName(name: string): string {
  if (PLAIN.test(name)) return name;
  let needed = false;
  let out = '';
  for (const ch of name) {
    const code = ch.codePointAt(0) as number;
    const simple = C_ESCAPES.get(code);
    if (simple !== undefined) out += simple;
    else if (code < 0x20 || code === 0x7f) out += `\\${code.toString(8).padStart(3, '0')}`;
    else if ((code >= 0xdc80 && code <= 0xdcff) || CONTROLS.test(ch)) {
      for (const byte of encodeName(ch)) out += `\\${byte.toString(8)}`;
    } else {
      out += ch;
      continue;
    }
    needed = true;
  }
  return needed ? `"${out}"` : name;
}

/**
 * Inverse of {@link quoteName}; a name without quotes is returned as it is. `undefined` if the quoting is
 * invalid.
 */
export function unquoteName(text: string): string | undefined {
  if (!text.startsWith('"')) return text;
  if (text.length < 2 || !text.endsWith('"')) return undefined;
  const bytes: Uint8Array[] = [];
  const inner = text.slice(1, -1);
  for (let i = 0; i < inner.length; ) {
    const match = /^\\(?:([0-3][0-7]{2})|([abfnrtv"\\]))/.exec(inner.slice(i, i + 4));
    if (match !== null) {
      const [whole, octal, letter] = match;
      bytes.push(Uint8Array.of(octal === undefined ? codeOf(`\\${letter}`) : Number.parseInt(octal, 8)));
      i += whole.length;
      continue;
    }
    const ch = String.fromCodePoint(inner.codePointAt(i) as number);
    if (ch === '\\' || ch === '"') return undefined;
    bytes.push(encodeName(ch));
    i += ch.length;
  }
  return decodeName(concatBytes(bytes));
}

function codeOf(sequence: string): number {
  for (const [code, text] of C_ESCAPES) if (text === sequence) return code;
  throw new Error(`no escape sequence: ${sequence}`);
}

/** The folder a path is in; `.` is the root, which has none. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

/** The folders a path is in, the root first. */
export function ancestorsOf(path: string): string[] {
  const found: string[] = [];
  for (let at = path; at !== '.'; ) {
    at = parentOf(at);
    found.push(at);
  }
  return found.reverse();
}
