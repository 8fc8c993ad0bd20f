/** What a rule, or an option that chooses, may name: paths, a class, a package or an account. Pure. */
import { CLASS_NAMES, type ClassName } from './classes.js';

export type Pattern =
  /** A pattern of gitignore(5), relative to the root. */
  | { readonly of: 'paths'; readonly text: string }
  | { readonly of: 'class'; readonly name: ClassName }
  /** `name` may contain `*`, for anything. */
  | { readonly of: 'package' | 'account'; readonly name: string };

/** A pattern as it is written, or why it is none. */
export function parsePattern(text: string): Pattern | { readonly wrong: string } {
  const [, of, name = ''] = /^(class|package|account):(.*)$/.exec(text) ?? [];
  if (of === 'class') {
    const known = CLASS_NAMES.find((one) => one === name);
    return known === undefined
      ? { wrong: `no such class: they are ${CLASS_NAMES.map((one) => `class:${one}`).join(', ')}` }
      : { of, name: known };
  }
  if (of === 'package' || of === 'account') {
    return /^[^\s/]+$/.test(name) ? { of, name } : { wrong: `a name follows ${of}:, such as ${of}:htop` };
  }
  if (text.trim() === '') return { wrong: 'a pattern is not empty' };
  if (text.includes('\n')) return { wrong: 'a pattern is one line' };
  if (text.startsWith('!')) return { wrong: 'write it in the other section instead of !' };
  if (text.startsWith('#')) return { wrong: 'gitignore(5) treats it as a comment: put a backslash first' };
  if (/(^|[^\\])(\\\\)*\\$/.test(text)) return { wrong: 'a backslash at the end matches nothing' };
  if (/^\/+$/.test(text)) return { wrong: 'it matches nothing: class:all is everything' };
  return { of: 'paths', text };
}

/** Whether a name with `*` for anything matches a name. */
function matchesName(glob: string, name: string): boolean {
  const parts = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}

/** Whether it is the name of a package or an account; a package's may have an architecture behind it. */
export function namesUnit(glob: string, name: string): boolean {
  return matchesName(glob, name) || matchesName(glob, name.replace(/:[^:]*$/, ''));
}
