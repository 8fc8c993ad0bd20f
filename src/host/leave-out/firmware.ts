/** Which firmware a machine does without: files that none of its drivers asks for. Pure. */

/** Files that the kernel or its programs ask for without any module naming them, as paths below the firmware folder. */
const ASKED_OTHERWISE = [
  /^regulatory\.db/, // cfg80211, whatever driver is there (net/wireless/reg.c)
  /^(amd|intel)-ucode\//, // microcode, which goes into a file of its own
];

/** How a file may be compressed in the folder (CONFIG_FW_LOADER_COMPRESS_XZ and _ZSTD). */
const COMPRESSED = /\.(xz|zst)$/;

/**
 * Files that can go, of all `files` below the firmware folder (relative paths). `asked` are the names that drivers have in
 * their `firmware` fields: patterns with `*` and `?` among them. Where a numbered file that is asked for is not there, all numbers of it
 * stay: drivers look for older ones (iwlwifi).
 */
export function needlessFirmware(files: readonly string[], asked: readonly string[]): string[] {
  const plain = (file: string): string => file.replace(COMPRESSED, '');
  const there = new Set(files.map(plain));
  const exact = new Set<string>();
  const patterns = new Set<string>();
  for (const name of asked) {
    if (/[*?[]/.test(name)) patterns.add(name);
    else if (there.has(name)) exact.add(name);
    else if (/\d/.test(name)) patterns.add(anyNumber(name));
  }
  const globs = [...patterns].map(globPattern);
  const stays = (file: string): boolean => {
    const name = plain(file);
    return (
      exact.has(name) || ASKED_OTHERWISE.some((one) => one.test(name)) || globs.some((one) => one.test(name))
    );
  };
  return files.filter((file) => !stays(file));
}

/** The last number of a name taken for any. */
function anyNumber(name: string): string {
  return name.replace(/\d+(?=\D*$)/, '*');
}

/** A glob of one file name's characters as in fnmatch(3) with FNM_PATHNAME; `[` is taken literally, no driver has it. */
function globPattern(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${text}$`);
}
