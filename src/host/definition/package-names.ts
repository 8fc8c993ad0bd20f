/** Entries of `packages`: a package, of an architecture, version or suite, or a file with one. Pure. */
import { nearestOf } from '../../core/text/nearest.js';

/** Whether an entry names a file. */
export function isDebFile(entry: string): boolean {
  return entry.endsWith('.deb') && entry.includes('/');
}

/**
 * Debian's architectures with Linux, those of its ports included (dpkg-architecture(1),
 * www.debian.org/ports).
 */
const ARCHITECTURES = [
  ...['alpha', 'amd64', 'arm64', 'armel', 'armhf', 'hppa', 'i386', 'ia64', 'loong64', 'm68k', 'mips64el'],
  ...['mipsel', 'powerpc', 'ppc64', 'ppc64el', 'riscv64', 's390x', 'sh4', 'sparc64', 'x32'],
] as const;

/** Architectures of apt for dependencies, of which no package can be installed (dpkg(1), Multi-Arch). */
const ANY = ['any', 'all', 'native'];

/** An entry that names a package, in its parts. */
interface PackageEntry {
  readonly name: string;
  readonly architecture?: string | undefined;
  /** `=VERSION` or `/SUITE`, as written. */
  readonly choice?: string | undefined;
}

/** The parts of an entry; `undefined`: it names a file, or is not one package for apt. */
function parsePackage(entry: string): PackageEntry | undefined {
  // Versions: Policy 5.6.12; apt accepts `*` in them as a wildcard.
  const parts = /^([^:=/]+)(?::([^:=/]*))?(=[A-Za-z0-9.+:~*-]+|\/[A-Za-z0-9.+~-][A-Za-z0-9.+~/-]*)?$/.exec(
    entry,
  );
  if (parts === null || isDebFile(entry)) return undefined;
  const [, name = '', architecture, choice] = parts;
  return { name, architecture, choice };
}

/** The name of the package in an entry. */
export function packageNameOf(entry: string): string {
  return parsePackage(entry)?.name ?? entry;
}

/** Architectures in entries besides the machine's own, each once, in the order of the entries. */
export function foreignArchitectures(entries: readonly string[], own: string): string[] {
  const named = entries.flatMap((entry) => parsePackage(entry)?.architecture ?? []);
  return [...new Set(named)].filter((name) => name !== own);
}

/** An error in an entry, as parts of an issue; its message completes "it ...". */
interface WrongPackage {
  readonly message: string;
  readonly code: string;
  readonly suggestion?: string | undefined;
}

const NAME = /^[a-z0-9][a-z0-9+.-]+$/;

/** The error in an entry, if any. */
export function wrongPackage(entry: string): WrongPackage | undefined {
  if (isDebFile(entry)) return undefined;
  if (entry.endsWith('.deb')) {
    const message = 'must contain a / if it is the path of a file';
    return { code: 'package-name', message, suggestion: `./${entry}` };
  }
  const parsed = parsePackage(entry);
  if (parsed === undefined || !NAME.test(parsed.name)) return wrongName(entry);
  const { name, architecture, choice = '' } = parsed;
  // apt-get(8): a - at the end removes the package.
  if (name.endsWith('-')) {
    return {
      code: 'package-removed',
      message: 'must not end with -, which makes apt remove the package; excludePackages keeps packages out',
      suggestion: name.replace(/-+$/, ''),
    };
  }
  if (architecture === undefined || (ARCHITECTURES as readonly string[]).includes(architecture))
    return undefined;
  if (ANY.includes(architecture)) {
    return {
      code: 'package-architecture',
      message: `must name an architecture or none: "${architecture}" is valid in dependencies only`,
      suggestion: name + choice,
    };
  }
  const near = nearestOf(architecture, ARCHITECTURES);
  return {
    code: 'package-architecture',
    message: `must name an architecture of Debian: ${ARCHITECTURES.join(', ')}`,
    ...(near === undefined ? {} : { suggestion: `${name}:${near}${choice}` }),
  };
}

function wrongName(entry: string): WrongPackage {
  const small = entry.trim().toLowerCase();
  const meant = small !== entry && wrongPackage(small) === undefined ? small : undefined;
  const message = /[*?^$~[\]()|\\]/.test(entry)
    ? 'must be the name of one package, not a pattern'
    : /[\s,]/.test(entry.trim())
      ? 'must be one package; further ones are separate entries'
      : 'must be a package (nginx), optionally of an architecture (libc6:i386), version (nginx=1.26.3-3) or suite (nginx/sid), or the path of a file (./tool.deb)';
  return { code: 'package-name', message, ...(meant === undefined ? {} : { suggestion: meant }) };
}
