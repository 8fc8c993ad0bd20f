/** Which package installed which file, from dpkg's lists in an image (/var/lib/dpkg/info/*.list, dpkg(1)). */
import { decodeName } from '../text/path.js';

const LIST = /^var\/lib\/dpkg\/info\/([^/:]+)(?::[^/]+)?\.list$/;
/** Folders of packages that are links into usr (Debian Policy 9.1, merged /usr). */
const MERGED = /^(bin|sbin|lib|lib32|lib64|libx32|libo32)\//;

/** Collects the lists while an image is read. */
export class OwnerCollector {
  private readonly owners = new Map<string, string>();
  private current: { readonly name: string; readonly pieces: string[] } | undefined;

  onRecord({ path }: { readonly path: string }): void {
    this.close();
    const name = LIST.exec(path)?.[1];
    this.current = name === undefined ? undefined : { name, pieces: [] };
  }

  onData(piece: Uint8Array): void {
    this.current?.pieces.push(decodeName(piece.slice()));
  }

  /** Packages by path. A folder of several packages belongs to none. */
  finish(): ReadonlyMap<string, string> {
    this.close();
    return this.owners;
  }

  private close(): void {
    const { current } = this;
    this.current = undefined;
    if (current === undefined) return;
    for (const line of current.pieces.join('').split('\n')) {
      const path = line.replace(/^\//, '').replace(MERGED, 'usr/$1/');
      if (path === '' || path === '.') continue;
      const other = this.owners.get(path);
      this.owners.set(path, other === undefined || other === current.name ? current.name : '');
    }
  }
}
