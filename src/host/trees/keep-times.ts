/** Times of files that a build makes again without a change. */
import { lstatSync, lutimesSync, readlinkSync, type Stats } from 'node:fs';
import { pathIn } from '../pack/scan.js';
import { sameContent } from '../sys/same-content.js';
import type { Change } from './changes.js';

/** Files whose time says something by itself (systemd-update-done.service(8)). */
const SPEAKING = /^(etc|var)\/\.updated$/;

/**
 * Gives made files the time of the same file in the tree at `before`, where nothing else of them differs: an
 * image is then packed the same way as before, wherever it has them.
 */
export function keepTimes(root: string, before: string, changes: readonly Change[]): void {
  for (const { path } of changes) {
    if (SPEAKING.test(path)) continue;
    const [made, old] = [pathIn(root, path), pathIn(before, path)];
    const [now, then] = [made, old].map((one) => lstatSync(one, { throwIfNoEntry: false }));
    if (now === undefined || then === undefined || !isLike(now, then)) continue;
    const same = now.isSymbolicLink()
      ? readlinkSync(made) === readlinkSync(old)
      : now.isFile() && sameContent(made, old);
    if (same) lutimesSync(made, then.atime, then.mtime);
  }
}

function isLike(a: Stats, b: Stats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.size === b.size;
}
