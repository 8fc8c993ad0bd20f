/**
 * Fetching without a network: a method of apt(8) that answers with kept files, and records missing ones. apt
 * verifies what it returns like a download: signatures of lists, digests of everything else. Pure.
 */

import { shellQuote } from '../sys/command.js';

/** What apt's methods print about a file that is not kept. */
const NOT_KEPT = 'not kept in the cache';

/** Where the method finds files, and where it records those that it does not find. */
export interface MethodFolders {
  /** Folder with lists, by apt's names of them. */
  readonly lists: string;
  /** Folder with packages, by apt's names of them. */
  readonly debs: string;
  /** File to which it appends a line for each missing file. */
  readonly missing: string;
}

/**
 * The program, for sh(1). It speaks apt's method interface (doc/method.dox in apt's source): a message is
 * lines of `Field: value` up to an empty one. apt asks for lists in several compressions and falls back to
 * the plain one, which is how they are kept: only that counts as missing. Digests are of the copy.
 */
export function offlineMethod({ lists, debs, missing }: MethodFolders): string {
  return `#!/bin/sh
lists=${shellQuote(lists)}
debs=${shellQuote(debs)}
missing=${shellQuote(missing)}
printf '100 Capabilities\\nVersion: 1.2\\nSingle-Instance: true\\n\\n'
forget() { uri=; file=; site=; suite=; sums=; }
send() {
  cp "$from" "$file" || return 1
  size=$(stat -c %s "$file")
  printf '200 URI Start\\nURI: %s\\nSize: %s\\n\\n' "$uri" "$size"
  printf '201 URI Done\\nURI: %s\\nFilename: %s\\nSize: %s\\nChecksum-FileSize-Hash: %s\\n' "$uri" "$file" "$size" "$size"
  for sum in 256 $sums; do
    digest=$("sha\${sum}sum" < "$file")
    printf 'SHA%s-Hash: %s\\n' "$sum" "\${digest%% *}"
  done
  printf '\\n'
}
answer() {
  name=\${file##*/}
  for from in "$lists/$name" "$debs/$name" "$debs/\${uri##*/}"; do
    if [ -f "$from" ] && send; then return; fi
  done
  case $name in
  *.deb) printf 'package %s\\n' "$name" >> "$missing" ;;
  *_InRelease | *_Packages) printf 'list %s %s\\n' "$suite" "$site" >> "$missing" ;;
  esac
  printf '400 URI Failure\\nURI: %s\\nMessage: ${NOT_KEPT}\\n\\n' "$uri"
}
forget
while IFS= read -r line; do
  case $line in
  'URI: '*) uri=\${line#* } ;;
  'Filename: '*) file=\${line#* } ;;
  'Target-Site: '*) site=\${line#* } ;;
  'Target-Release: '*) suite=\${line#* } ;;
  'Expected-SHA512: '*) sums=512 ;;
  '')
    if [ -n "$uri" ]; then answer; fi
    forget
    ;;
  esac
done
`;
}

/** Settings of apt.conf(5) that use it for every way that would open a connection. */
export function offlineSettings(method: string): string {
  const lines = ['http', 'https', 'ftp', 'tor+http', 'tor+https'].map(
    (name) => `Dir::Bin::Methods::${name} "${method}";\n`,
  );
  // Kept lists expire like any others: the build reports it (docs/decisions/0047).
  return `${lines.join('')}Acquire::Check-Valid-Until "false";\n`;
}

/** What an apt did not find. */
export interface MissingFiles {
  /** Suites whose lists are missing, as `trixie-security at http://...`. */
  readonly lists: readonly string[];
  /** Packages with their versions, as `kmod 34.2-2 amd64`. */
  readonly packages: readonly string[];
}

/** Reads the method's records. */
export function parseMissing(text: string): MissingFiles {
  const lists = new Set<string>();
  const packages = new Set<string>();
  for (const line of text.split('\n')) {
    const list = /^list (\S*) (\S*)$/.exec(line);
    if (list !== null) lists.add(`${list[1]} at ${list[2]}`);
    const deb = /^package ([^_]+)_([^_]+)_([^_]+)\.deb$/.exec(line);
    if (deb !== null) packages.add(`${deb[1]} ${deb[2]?.replace(/%3a/i, ':')} ${deb[3]}`);
  }
  return { lists: [...lists], packages: [...packages] };
}
