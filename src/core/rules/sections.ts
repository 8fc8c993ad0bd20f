/** A file of settings in sections: `[name]`, lines below it, and comments above them as their reasons. */

import type { SettingType } from '../text/setting.js';

/** A line of a section. */
export interface SectionLine {
  readonly section: string;
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** The comment above it. */
  readonly reason?: string;
}

/** A line that is not understood. */
export interface WrongLine {
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

/** Reads the lines of all sections. Blanks around a line do not count, except after a backslash. */
export function readSections(
  text: string,
  names: readonly string[],
): { readonly lines: SectionLine[]; readonly wrong: WrongLine[] } {
  const lines: SectionLine[] = [];
  const wrong: WrongLine[] = [];
  let section: string | undefined;
  let reason: string[] = [];
  for (const [i, full] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const found = trimmed(full);
    const line = { line: i + 1, text: found };
    const header = /^\[([^[\]]*)\]$/.exec(found)?.[1];
    if (found === '') reason = [];
    else if (found.startsWith('#')) reason.push(found.slice(1).trim());
    else if (header !== undefined) {
      reason = [];
      section = header;
      if (!names.includes(header)) wrong.push({ ...line, why: `no such section: they are ${shown(names)}` });
    } else if (section === undefined) wrong.push({ ...line, why: `a section comes first: ${shown(names)}` });
    else {
      // One that is not known was named already.
      if (names.includes(section))
        lines.push({ ...line, section, ...(reason.length === 0 ? {} : { reason: reason.join(' ') }) });
      reason = [];
    }
  }
  return { lines, wrong };
}

/** Without blanks around it, except one after a backslash, which gitignore(5) takes as a part of the name. */
function trimmed(full: string): string {
  const text = full.trim();
  return /\\\s/.test(full) && /(^|[^\\])(\\\\)*\\$/.test(text) ? `${text} ` : text;
}

function shown(names: readonly string[]): string {
  return names.map((name) => `[${name}]`).join(', ');
}

/** A setting, and where it is. */
export interface Setting<T> {
  readonly value: T;
  readonly line: number;
}

/** Reads lines of the form `NAME VALUE`, each name once. */
export function readSettings<T>(
  lines: readonly SectionLine[],
  types: Readonly<Record<string, SettingType<T>>>,
): { readonly settings: ReadonlyMap<string, Setting<T>>; readonly wrong: WrongLine[] } {
  const settings = new Map<string, Setting<T>>();
  const wrong: WrongLine[] = [];
  for (const { section, text, line } of lines) {
    const [, name = '', value = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    const read = type?.parse(value);
    const before = settings.get(name);
    const fail = (why: string): void => void wrong.push({ line, text, why });
    if (type === undefined)
      fail(`no such setting of [${section}]: they are ${Object.keys(types).join(', ')}`);
    else if (read === undefined) fail(`it is ${type.words}`);
    else if (before !== undefined) fail(`line ${before.line} sets it already`);
    else settings.set(name, { value: read, line });
  }
  return { settings, wrong };
}
