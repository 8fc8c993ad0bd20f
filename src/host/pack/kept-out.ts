/**
 * What never gets into a base, whoever put it into the tree: identities, caches, traces of the build. Pure.
 */

import type { TreeEntry } from '../../core/archive/tree.js';
import { HOST_KEY_KINDS, MACHINE_KINDS } from '../../core/identity/files.js';
import { formatBytes } from '../../core/text/size.js';

/**
 * Keeps maintainer scripts from starting services while packages are installed in the tree (invoke-rc.d(8),
 * deb-systemd-invoke(1)). A symlink to a file that only mkma provides: on the running machine, or anywhere
 * else, it dangles and forbids nothing.
 */
export const POLICY = { path: '/usr/sbin/policy-rc.d', target: '/run/mkma/policy-rc.d' } as const;

/**
 * Shipped as an empty file: without content each boot creates its own id; without the file systemd takes each
 * boot for the first.
 */
export const MACHINE_ID = 'etc/machine-id';

/** A kind of content, in words, and the paths it has in a tree, as `etc/passwd`. */
interface Rule {
  readonly what: string;
  readonly paths: readonly RegExp[];
}

const RULES: readonly Rule[] = [
  {
    what: 'ssh host keys',
    paths: HOST_KEY_KINDS.flatMap(({ paths }) => paths),
  },
  {
    what: 'machine identity',
    paths: [
      /^var\/lib\/dbus\/machine-id$/,
      /^var\/lib\/(systemd|urandom)\/random-seed$/,
      ...MACHINE_KINDS.flatMap(({ paths }) => paths),
    ],
  },
  {
    what: 'DHCP leases',
    paths: [
      /^var\/lib\/(dhcp|dhcpcd|NetworkManager)\/[^/]+\.leases?6?$/,
      /^var\/lib\/dhcpcd\/(duid|secret)$/,
      /^var\/lib\/systemd\/network\/./,
    ],
  },
  { what: "apt's package lists", paths: [/^var\/lib\/apt\/lists\/(?!partial$)./] },
  { what: 'cached packages', paths: [/^var\/cache\/apt\/(?!archives$|archives\/partial$)./] },
  // Kernel and initrd come from the build, beside the base.
  { what: 'boot files', paths: [/^boot\/./] },
  { what: 'temporary files', paths: [/^(run|tmp|var\/tmp)\/./] },
  {
    what: 'installation logs',
    paths: [
      /^var\/log\/apt\/./,
      /^var\/log\/(dpkg|alternatives|bootstrap|fontconfig)\.log(\.\d+)?(\.gz)?$/,
      // Only used by a persistent journal.
      /^var\/log\/journal(\/|$)/,
    ],
  },
  {
    what: 'database backups',
    paths: [
      /^etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
      /^var\/(lib\/dpkg|cache\/debconf)\/[^/]+-old$/,
      /^var\/cache\/ldconfig\/aux-cache$/,
    ],
  },
  {
    what: 'histories of shells and tools',
    paths: [
      /^(root|home\/[^/]+)\/\.(bash_history|zsh_history|ash_history|python_history|node_repl_history|lesshst|viminfo|wget-hsts)$/,
    ],
  },
];

/** The kind of excluded content that a path belongs to. */
export function kindKeptOut(path: string): string | undefined {
  return RULES.find(({ paths }) => paths.some((one) => one.test(path)))?.what;
}

/** A kind of content that was not packed. */
export interface KeptOut {
  readonly what: string;
  /** Bytes and number of its files. */
  readonly bytes: number;
  readonly files: number;
}

/** A tree without what never gets into a base. */
export interface Selection {
  readonly entries: readonly TreeEntry[];
  /** Paths that are left out: a folder that is left out whole, and everything in it. */
  readonly out: ReadonlySet<string>;
  /** Files whose content alone is left out. */
  readonly emptied: readonly string[];
  readonly kinds: readonly KeptOut[];
}

/** Selects what is packed. `stays`: whether the definition itself puts something there, as `etc/passwd`. */
export function selectEntries(
  entries: readonly TreeEntry[],
  stays: (path: string) => boolean = () => false,
): Selection {
  const matching = new Map(
    entries.flatMap(({ path }): [string, string][] => {
      const kind = kindKeptOut(path);
      return kind === undefined ? [] : [[path, kind]];
    }),
  );
  // What stays keeps its parent folders.
  for (const path of [...matching.keys()].filter(stays)) {
    for (let at = path; matching.delete(at); ) at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
  }
  const sums = new Map<string, KeptOut>();
  const count = (what: string, { type, size }: TreeEntry): void => {
    const { bytes, files } = sums.get(what) ?? { bytes: 0, files: 0 };
    const file = type === 'f';
    sums.set(what, { what, bytes: bytes + (file ? size : 0), files: files + (type === 'd' ? 0 : 1) });
  };
  const emptied: string[] = [];
  const out = new Set<string>();
  const kept = entries.flatMap((entry): TreeEntry[] => {
    const { path } = entry;
    const kind = matching.get(path);
    if (kind !== undefined) count(kind, entry);
    if (kind !== undefined || isPolicy(entry)) {
      out.add(path);
      return [];
    }
    if (path !== MACHINE_ID || entry.type !== 'f' || entry.size === 0 || stays(path)) return [entry];
    emptied.push(path);
    count('machine-id', entry);
    return [{ ...entry, size: 0, allocated: 0, nlink: 1 }];
  });
  const kinds = [...sums.values()].filter(({ files }) => files > 0);
  return { entries: kept, out, emptied, kinds };
}

function isPolicy({ path, type, target }: TreeEntry): boolean {
  // By its target: /usr/sbin itself may be a symlink.
  return path.endsWith('/policy-rc.d') && type === 'l' && target === POLICY.target;
}

/** Lines formatted like the list of output files; none if nothing was kept out. */
export function keptOutLines(kinds: readonly KeptOut[]): string[] {
  if (kinds.length === 0) return [];
  const total = kinds.reduce((sum, { bytes }) => sum + bytes, 0);
  const each = kinds.map(
    ({ what, bytes, files }) => `${what} ${formatBytes(bytes)}${files > 1 ? ` (${files} files)` : ''}`,
  );
  return [
    '',
    `  ${'not packed'.padEnd(20)} ${formatBytes(total).padStart(9)}  ${each.join(', ')}`,
    `  ${''.padEnd(20)} ${''.padStart(9)}  it stays in chroot/; anything listed under files is packed`,
  ];
}

/** What a program that walks the tree must leave out, each with everything in it. */
export interface Excluded {
  readonly paths: readonly string[];
  /**
   * POSIX extended regular expressions, for what cannot be named: bytes that are not UTF-8, or too many
   * names.
   */
  readonly patterns: readonly string[];
}

/** Describes briefly what is left out: a folder of which nothing stays is named once. */
export function excluded(entries: readonly TreeEntry[], out: ReadonlySet<string>): Excluded {
  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const mixed = new Set(entries.filter(({ path }) => !out.has(path)).map(({ path }) => parentOf(path)));
  const paths: string[] = [];
  const patterns = new Set<string>();
  for (const path of out) {
    const parent = parentOf(path);
    if (out.has(parent)) continue;
    if (parent !== '' && !mixed.has(parent)) patterns.add(`^${asPattern(parent)}/`);
    else if (/[\udc80-\udcff]/.test(path)) patterns.add(`^${asPattern(path)}(/|$)`);
    else paths.push(path);
  }
  return { paths, patterns: [...patterns] };
}

/**
 * A path as a regular expression: bytes that are not UTF-8 (path.ts) cannot be passed to a program, so any
 * byte matches them.
 */
function asPattern(path: string): string {
  return path.replace(/[.[\]{}()*+?^$|\\]/g, '\\$&').replace(/[\udc80-\udcff]/g, '.');
}
