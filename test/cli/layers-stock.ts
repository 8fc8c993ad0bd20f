/** A folder with a base and layers, packed as a build packs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerFacts, Manifest } from '../../src/core/image/manifest.js';
import { packTree } from './pack.js';

export class Stock {
  private packed = 0;

  /** `folder`: an empty one; images lie in its folder `images`. */
  constructor(private readonly folder: string) {
    mkdirSync(this.images);
  }

  get images(): string {
    return join(this.folder, 'images');
  }

  file(name: string): string {
    return join(this.images, name === 'base' ? 'base.cpio.zst' : `persistence.${name}.cpio.zst`);
  }

  /** Pack what a shell script makes in an empty folder; without `facts` a base. */
  async pack(name: string, script: string, facts?: Partial<LayerFacts>): Promise<Manifest> {
    const root = join(this.folder, `tree${this.packed}`);
    const scratch = join(this.folder, `scratch${this.packed++}`);
    mkdirSync(root);
    execFileSync('bash', ['-e', '-c', script], { cwd: root });
    execFileSync('bash', ['-c', 'find . -exec touch -h -d "2026-01-02 03:04:05 UTC" {} +'], { cwd: root });
    const layer = facts === undefined ? undefined : { deletions: [], opaque: [], ...facts };
    return packTree(root, this.file(name), scratch, 64, layer);
  }

  /** A layer without a manifest, as shell scripts make it. */
  packPlain(name: string, script: string): void {
    const root = join(this.folder, `tree${this.packed++}`);
    mkdirSync(root);
    const pack = 'find . | cpio --quiet -o -H newc | zstd -q >"$0"';
    execFileSync('bash', ['-e', '-c', `${script}\n${pack}`, this.file(name)], { cwd: root });
  }
}

/** Ids of the images that {@link stockUp} makes. */
export interface Ids {
  readonly base: string;
  readonly first: string;
  readonly second: string;
}

/**
 * A base; `20260101_000000_first` on it; `20260102_000000_second`, made after that one, which deletes a file of the base and a
 * whole folder; and `hand`, made by hand.
 */
export async function stockUp(stock: Stock): Promise<Ids> {
  const base = await stock.pack(
    'base',
    'mkdir -p etc srv/old; echo base >etc/hosts; echo gone >etc/motd; echo a >srv/old/a; ln -s ../etc/hosts srv/link',
  );
  const first = await stock.pack(
    '20260101_000000_first',
    'mkdir -p etc/new srv/old; echo first >etc/hosts; echo same >etc/issue; echo one >etc/new/x; chmod 4755 etc/issue; echo b >srv/old/b',
    { base: base.id },
  );
  const second = await stock.pack(
    '20260102_000000_second',
    'mkdir -p etc/new srv; echo 2nd_1 >etc/hosts; echo same >etc/issue; echo two >etc/new/y; chown 12:34 etc/issue; ln etc/new/y etc/new/z',
    { base: base.id, after: first.id, deletions: ['etc/motd', 'srv/old'], opaque: ['etc/new'] },
  );
  stock.packPlain('hand', 'mkdir -p etc; echo hand >etc/byhand; mknod etc/hosts c 0 0');
  return { base: base.id, first: first.id, second: second.id };
}
