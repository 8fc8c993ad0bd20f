/**
 * Makes a tree of packages the same whatever the order in which they were installed, all at once or some of
 * them later: accounts, and files to which installing appends.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AccountFiles, inOrder, numbersByName } from '../../core/records/numbers-by-name.js';
import { ok, type Result } from '../../core/result.js';
import { findInTree, TreeFiles } from '../sys/tree-files.js';
import { below } from '../sys/walk.js';
import { accountTexts, fixedNumbers, keepTreeNumbers } from './kept-numbers.js';

/** Increased whenever the same tree must be settled otherwise. */
export const SETTLED = '4';

/**
 * Traces of installing that differ from run to run: the next database before a change, and caches with times
 * or memory addresses in them. mandb(8) and python make theirs again.
 */
const REMOVED = [
  /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /^\/var\/lib\/dpkg\/[^/]+-old$/,
  /^\/var\/cache\/debconf\/([^/]+-old|tmp\.ci)$/,
  /^\/var\/cache\/man\/(.+\/)?index\.(db|bt)$/,
  /^\/usr\/share\/python3\/debpython\/__pycache__$/,
];
const SEARCHED = [
  '/etc',
  '/var/lib/dpkg',
  '/var/cache/debconf',
  '/var/cache/man',
  '/usr/share/python3/debpython',
];

const LOCKS = ['/var/lib/dpkg/lock', '/var/lib/dpkg/lock-frontend', '/var/lib/apt/daily_lock'];

/** Which packages want to know of which files and names. */
const TRIGGERS = '/var/lib/dpkg/triggers';

/** Files of entries without an order, with what separates them. */
const SORTED: readonly { readonly path: string; readonly entry: RegExp }[] = [
  { path: '/var/lib/apt/extended_states', entry: /(?:[^\n]+\n)+\n?/g },
  { path: '/var/lib/dpkg/diversions', entry: /[^\n]*\n[^\n]*\n[^\n]*\n/g },
  { path: '/var/lib/dpkg/statoverride', entry: /[^\n]*\n/g },
  { path: '/etc/shells', entry: /[^\n]*\n/g },
  { path: '/var/lib/ucf/hashfile', entry: /[^\n]*\n/g },
  { path: '/var/lib/ucf/registry', entry: /[^\n]*\n/g },
  { path: '/var/cache/debconf/config.dat', entry: /(?:[^\n]+\n)+\n?/g },
  { path: '/var/cache/debconf/templates.dat', entry: /(?:[^\n]+\n)+\n?/g },
];

/** `mtime` in seconds for what is written; none: now. */
export async function settlePackages(
  root: string,
  mtime: number | undefined,
  signal: AbortSignal,
): Promise<Result<void>> {
  const files = new TreeFiles(root, mtime);
  for (const folder of SEARCHED) {
    const real = findInTree(root, folder, true);
    if (real === undefined) continue;
    const all = below(real);
    for (const path of [...all.folders, ...all.files].map((one) => folder + one.slice(real.length)))
      if (REMOVED.some((pattern) => pattern.test(path))) files.remove(path);
  }
  // Whoever held a lock may have left its number there.
  for (const path of LOCKS) editIfOther(root, files, path, () => '');
  for (const name of namesIn(root, TRIGGERS))
    editIfOther(root, files, `${TRIGGERS}/${name}`, (text) => sortedEntries(text, /[^\n]*\n/g));
  for (const { path, entry } of SORTED) editIfOther(root, files, path, (text) => sortedEntries(text, entry));
  return settleAccounts(root, files, signal);
}

async function settleAccounts(root: string, files: TreeFiles, signal: AbortSignal): Promise<Result<void>> {
  const texts = accountTexts(root);
  if (texts.passwd === undefined || texts.group === undefined) return ok();
  const wanted = { ...numbersByName(texts, fixedNumbers(root, {})), subuid: {}, subgid: {} };
  const numbered = await keepTreeNumbers(root, files, { users: {} }, wanted, signal);
  if (!numbered.ok) return numbered;
  const names = ['passwd', 'group', 'shadow', 'gshadow'] as const;
  const read = Object.fromEntries(names.map((name) => [name, textIn(root, `/etc/${name}`)]));
  const ordered = inOrder(read as unknown as AccountFiles);
  for (const name of names) editIfOther(root, files, `/etc/${name}`, (text) => ordered[name] ?? text);
  return ok();
}

function namesIn(root: string, folder: string): string[] {
  const real = findInTree(root, folder, true);
  return real !== undefined && existsSync(real) ? readdirSync(real) : [];
}

function textIn(root: string, path: string): string | undefined {
  const real = findInTree(root, path, true);
  return real !== undefined && existsSync(real) ? readFileSync(real, 'utf8') : undefined;
}

function editIfOther(root: string, files: TreeFiles, path: string, change: (text: string) => string): void {
  const text = textIn(root, path);
  if (text === undefined) return;
  const changed = change(text);
  if (changed !== text) files.edit(path, () => changed);
}

/** All that the pattern finds, in byte order; a text that it does not cover stays. */
function sortedEntries(text: string, entry: RegExp): string {
  const entries = text.match(entry) ?? [];
  if (entries.join('') !== text) return text;
  const ended = entries.map((one) =>
    entry.source.endsWith('\\n?') && !one.endsWith('\n\n') ? `${one}\n` : one,
  );
  return ended.sort().join('');
}
