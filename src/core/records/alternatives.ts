/**
 * Files of update-alternatives(1): the programs, or other files, among which a common name chooses, and their
 * slaves, which follow.
 */
import type { Database, Entries } from './database.js';

/** The folder of update-alternatives(1), one file for each name. */
export const ALTERNATIVES = 'var/lib/dpkg/alternatives';

/** What a key in {@link alternatives} begins with. */
const SLAVE = 'slave ';
const CHOICE = 'choice ';

/**
 * update-alternatives(1), alternatives_db_load in its source: the mode, the link, the slaves with their
 * links, an empty line; then each choice with its priority and its file for each slave, and an empty line at
 * the end. The records: the mode, the link, each slave, and each choice with its slaves by name.
 */
export const alternatives: Database = {
  parse(text) {
    if (text === '') return new Map();
    const all = text.split('\n');
    const [mode, link] = all;
    if ((mode !== 'auto' && mode !== 'manual') || link === undefined || !isPlainPath(link)) return undefined;
    const entries = new Map([
      ['mode', mode],
      ['link', link],
    ]);
    const slaves: string[] = [];
    let i = 2;
    for (; i < all.length && all[i] !== ''; i += 2) {
      const name = all[i] as string;
      if (name.includes('/') || !isPlainPath(all[i + 1] ?? '')) return undefined;
      slaves.push(name);
      entries.set(SLAVE + name, all[i + 1] ?? '');
    }
    for (i++; i < all.length && all[i] !== ''; i += 2 + slaves.length) {
      const files = all.slice(i + 2, i + 2 + slaves.length);
      if (files.length < slaves.length || !/^-?\d+$/.test(all[i + 1] ?? '')) return undefined;
      const named = slaves.flatMap((slave, k) => (files[k] === '' ? [] : [`${slave}\n${files[k]}`]));
      entries.set(CHOICE + all[i], [all[i + 1], ...named].join('\n'));
    }
    return entries;
  },
  completed(made, below) {
    const choices = [...made].filter(([key]) => key.startsWith(CHOICE));
    if (choices.length === 0) return made;
    const slaves = choices.flatMap(([, record]) => [...choiceOf(record).files.keys()]);
    for (const key of ['mode', 'link', ...slaves.map((name) => SLAVE + name)]) {
      const before = below.get(key);
      if (!made.has(key) && before !== undefined) made.set(key, before);
    }
    return made;
  },
  render(entries) {
    const part = (start: string): [string, string][] =>
      [...entries]
        .filter(([key]) => key.startsWith(start))
        .map(([key, record]) => [key.slice(start.length), record]);
    const choices = part(CHOICE);
    if (choices.length === 0) return '';
    const slaves = part(SLAVE).sort(([a], [b]) => (a < b ? -1 : 1));
    const parts = choices
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, record]) => {
        const { priority, files } = choiceOf(record);
        return [path, priority, ...slaves.map(([name]) => files.get(name) ?? ''), ''].join('\n');
      });
    const head = [entries.get('mode') ?? 'auto', entries.get('link') ?? '', ...slaves.flat(), '', ''];
    return `${head.join('\n')}${parts.join('')}\n`;
  },
};

/** Absolute, and nowhere up. */
function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !path.split('/').some((part) => part === '..' || part === '.');
}

/** A choice's priority, and its files by the names of the slaves. */
function choiceOf(record: string): { readonly priority: string; readonly files: Map<string, string> } {
  const [priority = '0', ...named] = record.split('\n');
  const files = new Map<string, string>();
  for (let i = 0; i < named.length; i += 2) files.set(named[i] as string, named[i + 1] ?? '');
  return { priority, files };
}

/** The file that a record is a choice of; `undefined` if it is none. */
export function choiceFile(key: string): string | undefined {
  return key.startsWith(CHOICE) ? key.slice(CHOICE.length) : undefined;
}

/** Records of choices among these files, with what they need: the link, and their slaves. */
export function choiceKeys(entries: Entries, files: ReadonlySet<string>): string[] {
  const choices = [...entries].filter(
    ([key]) => key.startsWith(CHOICE) && files.has(key.slice(CHOICE.length)),
  );
  if (choices.length === 0) return [];
  const slaves = new Set(choices.flatMap(([, record]) => [...choiceOf(record).files.keys()]));
  return ['link', ...[...slaves].map((name) => SLAVE + name), ...choices.map(([key]) => key)];
}

/** Where the links are that choose. */
const LINKS = 'etc/alternatives';

/**
 * The links that the mode `auto` makes of such a file: to the choice of the highest priority, the first of
 * several; `null`: nothing is there, as if there is no choice any more. `undefined`: it is no such file, or
 * an administrator has chosen.
 */
export function linksOf(path: string, entries: Entries): Map<string, string | null> | undefined {
  if (!path.startsWith(`${ALTERNATIVES}/`)) return undefined;
  const name = path.slice(ALTERNATIVES.length + 1);
  const best = bestOf(entries);
  if (best !== undefined && (entries.get('mode') ?? 'auto') !== 'auto') return undefined;
  const links = new Map<string, string | null>();
  const add = (which: string, link: string | undefined, target: string | undefined): void => {
    links.set(`${LINKS}/${which}`, target ?? null);
    if (link?.startsWith('/')) links.set(link.slice(1), target === undefined ? null : `/${LINKS}/${which}`);
  };
  add(name, entries.get('link'), best?.path);
  for (const [key, link] of entries) {
    if (key.startsWith(SLAVE)) add(key.slice(SLAVE.length), link, best?.files.get(key.slice(SLAVE.length)));
  }
  if (best === undefined) links.set(path, null);
  return links;
}

/** All links that such a file is about, here or below. */
export function linkPaths(path: string, ...contents: readonly Entries[]): string[] {
  if (!path.startsWith(`${ALTERNATIVES}/`)) return [];
  const names = [path.slice(ALTERNATIVES.length + 1)];
  const links: string[] = [];
  for (const entries of contents) {
    links.push(entries.get('link') ?? '');
    for (const [key, link] of entries) {
      if (!key.startsWith(SLAVE)) continue;
      names.push(key.slice(SLAVE.length));
      links.push(link);
    }
  }
  const absolute = links.filter((link) => link.startsWith('/')).map((link) => link.slice(1));
  return [...names.map((name) => `${LINKS}/${name}`), ...absolute];
}

function bestOf(
  entries: Entries,
): { readonly path: string; readonly files: Map<string, string> } | undefined {
  let best: { path: string; priority: number; files: Map<string, string> } | undefined;
  for (const [key, record] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.startsWith(CHOICE)) continue;
    const { priority, files } = choiceOf(record);
    if (best === undefined || Number(priority) > best.priority)
      best = { path: key.slice(CHOICE.length), priority: Number(priority), files };
  }
  return best;
}
