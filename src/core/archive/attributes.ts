/**
 * Extended attributes (xattr(7)), which newc cannot carry: read from the output of getfattr(1), kept in the
 * manifest, and set by setfattr(1), which reads the same format. ACLs and file capabilities are attributes,
 * too.
 */
import { decodeName, encodeName } from '../text/path.js';

/** The attributes of one file. */
export interface FileAttributes {
  /** Relative to the tree's root, in the codec of path.ts; the root itself is `.`. */
  readonly path: string;
  /** Values in base64 (RFC 4648 section 4) by full name, such as `security.capability`. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * The mark of an overlay's directory that hides what is below it (kernel:
 * Documentation/filesystems/overlayfs.rst).
 */
const OPAQUE = 'trusted.overlay.opaque';
const OPAQUE_MARK: FileAttributes['values'] = { [OPAQUE]: 'eQ==' }; // "y"

/** Attributes of a directory in a layer that hides what lower layers have in it. */
export function opaqueMark(path: string): FileAttributes {
  return { path, values: OPAQUE_MARK };
}

/**
 * Attributes of a directory in a layer that has whiteouts. Where no directory below is merged with it, since
 * the layer that had what is deleted is not applied, the kernel would list the whiteouts as names, and find
 * no file of them. It looks for them in a directory that was copied up, which this mark of an unknown origin
 * says (ovl_get_inode in fs/overlayfs/inode.c).
 */
export function whiteoutsMark(path: string): FileAttributes {
  return { path, values: { 'trusted.overlay.origin': '' } };
}

/**
 * A file's attributes without such a mark, and whether there was one. Values other than "y" have another
 * meaning.
 */
export function withoutOpaqueMark(values: FileAttributes['values']): {
  readonly values: FileAttributes['values'];
  readonly opaque: boolean;
} {
  const { [OPAQUE]: mark, ...others } = values;
  return { values: others, opaque: mark === OPAQUE_MARK[OPAQUE] };
}

/** Whether an attribute belongs to the tree itself, or is one that {@link withoutOpaqueMark} looks for. */
export function isOfLayer(name: string): boolean {
  return isCarried(name) || name === OPAQUE;
}

/**
 * The name that an attribute of a file in an overlay has in the directories which the overlay consists of
 * (kernel: overlayfs.rst, nesting).
 */
export function nameInLayer(name: string): string {
  return isOverlayMark(name) ? name.replace('overlay.', 'overlay.overlay.') : name;
}

/**
 * Whether an attribute is internal to an overlay, on the file systems it consists of, and never a file's own.
 * A file's own attribute of such a name is escaped there, as `trusted.overlay.overlay.` (kernel:
 * overlayfs.rst, nesting).
 */
export function isOverlayMark(name: string): boolean {
  return name.startsWith('trusted.overlay.') && !name.startsWith('trusted.overlay.overlay.');
}

/**
 * Whether an attribute belongs to the file. Others belong to the machine it is on: the marks of an overlay,
 * the labels of a security module, checksums of the integrity subsystem.
 */
export function isCarried(name: string): boolean {
  if (isOverlayMark(name)) return false;
  if (name === 'security.capability') return true;
  if (name === 'system.posix_acl_access' || name === 'system.posix_acl_default') return true;
  return name.startsWith('user.') || name.startsWith('trusted.');
}

/**
 * The first file with capabilities of version 3: they count only where a certain user is root, so a machine
 * ignores them. A user namespace stores those, and shows them as version 2 to the root that set them (kernel:
 * cap_inode_getsecurity in security/commoncap.c; struct vfs_ns_cap_data, whose fourth byte is the version).
 */
export function namespacedCapability(files: readonly FileAttributes[]): string | undefined {
  const isThird = (value = ''): boolean => /^.{4}A[w-z0-9+/]/.test(value);
  return files.find(({ values }) => isThird(values['security.capability']))?.path;
}

/** Arguments of getfattr for the output that {@link parseAttributes} reads, for the tree it is run in. */
export const DUMP_ARGUMENTS: readonly string[] = [
  ...['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=base64', '.'],
];

/** Arguments of setfattr to set what it reads from standard input, below the directory it is run in. */
export const RESTORE_ARGUMENTS: readonly string[] = ['--no-dereference', '--restore=-'];

/**
 * Parses the output, as bytes or in the codec of path.ts, in its order. Attributes that are not `wanted` are
 * skipped.
 */
export function parseAttributes(
  dump: Uint8Array | string,
  wanted: (name: string) => boolean = isCarried,
): FileAttributes[] {
  const files: FileAttributes[] = [];
  let path: string | undefined;
  let values: Record<string, string> = {};
  const close = (): void => {
    if (path !== undefined && Object.keys(values).length > 0) files.push({ path, values });
    path = undefined;
    values = {};
  };
  for (const text of (typeof dump === 'string' ? dump : decodeName(dump)).split('\n')) {
    if (text.startsWith('# file: ')) {
      close();
      path = unquote(text.slice('# file: '.length));
      continue;
    }
    const equals = text.indexOf('=');
    if (equals < 0) continue;
    const name = unquote(text.slice(0, equals));
    const value = text.slice(equals + 1);
    if (value !== '""' && !value.startsWith('0s'))
      throw new Error(`getfattr printed a value that is not base64: ${text}`);
    if (wanted(name)) values[name] = value.slice(2);
  }
  close();
  return files;
}

/** The input of setfattr --restore that sets the attributes. Sizes: a few hundred bytes per file. */
export function renderAttributes(files: readonly FileAttributes[]): Uint8Array {
  let text = '';
  for (const { path, values } of files) {
    text += `# file: ${quote(path, /[\\\n\r]/g)}\n`;
    for (const [name, value] of Object.entries(values)) {
      // setfattr fails for an empty value in base64.
      text += `${quote(name, /[\\\n\r=]/g)}=${value === '' ? '""' : `0s${value}`}\n`;
    }
    text += '\n';
  }
  return encodeName(text);
}

/** Backslash and three octal digits, the only quoting that both programs know (libmisc/quote.c of attr). */
function quote(name: string, special: RegExp): string {
  return name.replace(special, (ch) => `\\${ch.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** Inverse of {@link quote}. On bytes: an escaped one may be part of a longer character. */
function unquote(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = encodeName(text);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const digits = bytes[i] === 0x5c ? String.fromCharCode(...bytes.subarray(i + 1, i + 4)) : '';
    if (/^[0-3][0-7]{2}$/.test(digits)) {
      out.push(Number.parseInt(digits, 8));
      i += 3;
    } else out.push(bytes[i] as number);
  }
  return decodeName(Uint8Array.from(out));
}
