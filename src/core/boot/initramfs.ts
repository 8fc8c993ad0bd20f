/** The initramfs: the manifest inside it, and its parts. */
import { FORMAT_VERSION, STORAGE_KINDS, type StorageKind } from '../contract.js';
import { err, ok, type Result } from '../result.js';

export interface InitramfsManifest {
  readonly format: typeof FORMAT_VERSION;
  readonly kind: 'initramfs';
  /** Version of the mkma that made it. */
  readonly mkma: string;
  readonly suite: string;
  /** Debian's name of the architecture. */
  readonly architecture: string;
  /** `uname -r` of the kernel whose modules are inside. */
  readonly kernelRelease: string;
  /**
   * `false`: the overlay is mounted with `xino=off` (docs/decisions/0016-one-device-number.md). Absent: on.
   */
  readonly xino?: false;
  /** Kinds of storage that it can open, besides plain file systems; absent: none. */
  readonly storage?: readonly StorageKind[];
  /**
   * Name of the keyboard layout at the passphrase prompt; absent: the kernel's, which is the American one.
   */
  readonly keyboard?: string;
  /** `true`: the keys of encrypted storage stay in the kernel's keyring; absent: no. */
  readonly keepKey?: true;
}

/** Bytes of files: the kernel's modules with their firmware, and everything else. */
export interface InitramfsBytes {
  readonly tools: number;
  readonly modules: number;
}

/** The part of the initramfs that a path belongs to. */
export function initramfsPart(path: string): keyof InitramfsBytes {
  return /^usr\/lib\/(modules|firmware)\//.test(path) ? 'modules' : 'tools';
}

export function renderInitramfsManifest(manifest: Omit<InitramfsManifest, 'format' | 'kind'>): string {
  return `${JSON.stringify({ format: FORMAT_VERSION, kind: 'initramfs', ...manifest })}\n`;
}

/** Parses the manifest; a problem unless it has this format. */
export function parseInitramfsManifest(json: string): Result<InitramfsManifest> {
  let value: Record<string, unknown> = {};
  try {
    value = Object(JSON.parse(json)) as Record<string, unknown>;
  } catch {
    // Not JSON: refused below, as it has no kind.
  }
  const { format, kind, mkma, suite, architecture, kernelRelease, xino, storage, keyboard, keepKey } = value;
  const texts = [mkma, suite, architecture, kernelRelease];
  if (format !== FORMAT_VERSION || kind !== 'initramfs' || texts.some((t) => typeof t !== 'string')) {
    return err({
      code: 'initramfs-damaged',
      what: 'the initramfs is damaged, or from another version of mkma',
      why: `it has no initramfs manifest of format ${FORMAT_VERSION}`,
      next: 'build it again',
    });
  }
  const kinds = Array.isArray(storage) ? STORAGE_KINDS.filter((known) => storage.includes(known)) : [];
  const further = {
    ...(xino === false ? { xino } : {}),
    ...(kinds.length === 0 ? {} : { storage: kinds }),
    ...(typeof keyboard === 'string' ? { keyboard } : {}),
    ...(keepKey === true ? { keepKey } : {}),
  };
  return ok({ format, kind, mkma, suite, architecture, kernelRelease, ...further } as InitramfsManifest);
}
