/** Which packages a tree has: dpkg's own database, as it is packed. */
import { existsSync, readFileSync } from 'node:fs';
import { resolveInTree } from '../sys/tree-files.js';
import { type Licences, licencesIn, NOASSERTION } from './licences.js';

/** A package that an image contains. */
export interface ListedPackage {
  readonly name: string;
  /** With its epoch, as dpkg compares it; absent: not recorded. */
  readonly version?: string | undefined;
  /** Debian's name of the architecture; absent: not recorded. */
  readonly architecture?: string | undefined;
  /** Source package and its version. */
  readonly source?: { readonly name: string; readonly version?: string | undefined } | undefined;
  readonly maintainer?: string | undefined;
  readonly homepage?: string | undefined;
  readonly licences?: Licences | undefined;
}

/** The installed packages of the tree at `root`, in the order of their names; removed ones are not in it. */
export function packagesOf(root: string): ListedPackage[] {
  const path = resolveInTree(root, '/var/lib/dpkg/status', true);
  if (!existsSync(path)) return [];
  return parseStatus(readFileSync(path, 'utf8')).map((one) => ({
    ...one,
    licences: licencesOf(root, one.name),
  }));
}

/** Reads dpkg's `status`: what is installed, whole or in part, as far as its files are in the tree. */
export function parseStatus(text: string): ListedPackage[] {
  const found = text.split('\n\n').flatMap((paragraph): ListedPackage[] => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:[ \\t]*(.+)$`, 'm').exec(paragraph)?.[1]?.trim();
    const [name, status] = [field('Package'), field('Status')];
    if (name === undefined || / (not-installed|config-files)$/.test(status ?? '')) return [];
    const version = field('Version');
    const [, source, sourceVersion] = /^(\S+)(?: \((.+)\))?$/.exec(field('Source') ?? '') ?? [];
    return [
      {
        ...{ name, version, architecture: field('Architecture') },
        source: { name: source ?? name, version: sourceVersion ?? version },
        ...{ maintainer: field('Maintainer'), homepage: field('Homepage') },
      },
    ];
  });
  const key = ({ name, architecture = '' }: ListedPackage): string => `${name}:${architecture}`;
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function licencesOf(root: string, name: string): Licences {
  const path = resolveInTree(root, `/usr/share/doc/${name}/copyright`, true);
  return existsSync(path) ? licencesIn(readFileSync(path, 'utf8')) : { expression: NOASSERTION, names: [] };
}

/** Reads lines of `NAME VERSION ARCHITECTURE`, as bootstraps record what they took. */
export function parseTaken(text: string): ListedPackage[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', version, architecture] = line.split(' ');
      return { name, version, architecture };
    });
}
