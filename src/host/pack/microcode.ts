/**
 * CPU microcode for the kernel's early loader: an uncompressed cpio archive before the initramfs, with all of
 * a vendor's files concatenated under a fixed name (kernel: Documentation/arch/x86/microcode.rst).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newcHead, newcPadding, newcTrailer, S_IFDIR, S_IFREG } from '../../core/archive/cpio.js';
import { concatBytes } from '../../core/text/bytes.js';

/**
 * By name in the archive: the folder below /usr/lib/firmware, and its files (intel-microcode,
 * amd64-microcode).
 */
const MAKERS = [
  { name: 'AuthenticAMD.bin', folder: 'amd-ucode', files: /^microcode_amd.*\.bin$/ },
  {
    name: 'GenuineIntel.bin',
    folder: 'intel-ucode',
    files: /^[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}(\.initramfs)?$/,
  },
] as const;

const FOLDERS = ['kernel', 'kernel/x86', 'kernel/x86/microcode'];

/**
 * The archive with the microcode of the tree at `root`; `undefined` if it has none. The same files give the
 * same bytes.
 */
export function microcodeArchive(root: string): Uint8Array | undefined {
  const blobs = MAKERS.map(({ name, folder, files }) => {
    const from = join(root, 'usr/lib/firmware', folder);
    const parts = listFolder(from).filter((file) => files.test(file));
    return { name, bytes: concatBytes(parts.map((file) => readFileSync(join(from, file)))) };
  }).filter(({ bytes }) => bytes.length > 0);
  if (blobs.length === 0) return undefined;
  const records = [
    ...FOLDERS.map((path, i) => record(i + 1, path, S_IFDIR | 0o755, new Uint8Array(0))),
    ...blobs.map(({ name, bytes }, i) =>
      record(FOLDERS.length + i + 1, `${FOLDERS.at(-1)}/${name}`, S_IFREG | 0o644, bytes),
    ),
  ];
  return concatBytes([...records.flat(), newcTrailer()]);
}

function record(ino: number, path: string, mode: number, data: Uint8Array): Uint8Array[] {
  const links = (mode & S_IFDIR) !== 0 ? 2 : 1;
  const header = {
    ino,
    mode,
    uid: 0,
    gid: 0,
    nlink: links,
    mtime: 0,
    size: data.length,
    rdevMajor: 0,
    rdevMinor: 0,
  };
  return [newcHead(header, path), data, new Uint8Array(newcPadding(data.length))];
}

/** Names in a folder in byte order; none if it does not exist. */
function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}
