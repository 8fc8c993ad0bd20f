/** Which firmware a machine does not need: files for drivers of hardware that it does not have. Pure. */

/** How a file may be compressed in the folder (CONFIG_FW_LOADER_COMPRESS_XZ and _ZSTD). */
const COMPRESSED = /\.(xz|zst)$/;

/**
 * The names in the `firmware` fields of drivers, patterns included: of those that the machine does not need,
 * and of all others.
 */
export interface AskedFirmware {
  readonly byNeedless: readonly string[];
  readonly byOthers: readonly string[];
}

/**
 * Removable files among `files` below the firmware folder (relative paths): those that only unneeded drivers
 * request. A number in a name stands for any: drivers also look for older files than they name (iwlwifi).
 * What no driver names stays, since drivers do not name all (Intel's Bluetooth and sound).
 */
export function needlessFirmware(files: readonly string[], asked: AskedFirmware): string[] {
  const [needless, others] = [asked.byNeedless, asked.byOthers].map(families) as [Families, Families];
  return files.filter((file) => {
    const name = anyNumber(file.replace(COMPRESSED, ''));
    return needless.has(name) && !others.has(name);
  });
}

/** Names without those that differ only by numbers. */
class Families {
  private readonly names = new Set<string>();
  private readonly globs: RegExp[] = [];

  constructor(asked: readonly string[]) {
    for (const name of asked) {
      if (/[*?[]/.test(name)) this.globs.push(globPattern(name));
      else this.names.add(anyNumber(name));
    }
  }

  has(name: string): boolean {
    return this.names.has(name) || this.globs.some((glob) => glob.test(name));
  }
}

const families = (asked: readonly string[]): Families => new Families(asked);

/** A file's own name with each number replaced by a wildcard. */
function anyNumber(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return path.slice(0, slash) + path.slice(slash).replace(/\d+/g, '#');
}

/**
 * A glob as in fnmatch(3) with FNM_PATHNAME, for names without their numbers; `[` is literal, no driver uses
 * it.
 */
function globPattern(glob: string): RegExp {
  const text = anyNumber(glob)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${text}$`);
}
