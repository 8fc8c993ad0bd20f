/** Other names for files that the engine cannot open by their own: it only supports UTF-8. */

import { newcHead, newcPadding, newcTrailer, S_IFLNK } from '../../../core/archive/cpio.js';
import { isViewed } from '../../../core/archive/tree.js';
import type { Plan, PlannedRecord } from '../../../core/image/archive-plan.js';
import { concatBytes } from '../../../core/text/bytes.js';
import { encodeName } from '../../../core/text/path.js';
import { must, mustMakeFolder } from '../../must.js';
import { COPIES } from '../../still/plan.js';
import type { RunningSystem } from '../../system.js';
import { FRESH } from '../view.js';
import { WORK } from './work.js';

const ALIASES = `${WORK}/names`;

/**
 * Creates symbolic links with plain names to files that the engine cannot open by their own, with one
 * program. Returns them by path; the packer opens those.
 */
export function makeAliases(machine: RunningSystem, plan: Plan, view: string): Record<string, string> {
  const odd = plan.segments.flatMap(({ records }) => (anySurrogate(records) ? records.filter(isOdd) : []));
  if (odd.length === 0) return {};
  mustMakeFolder(machine, ALIASES, 0o700);
  const records = odd.flatMap(({ path, found }, i) => {
    const root = found?.copied ? COPIES : found !== undefined && isViewed(found) ? view : FRESH;
    const target = encodeName(`${root}/${path}`);
    const none = { uid: 0, gid: 0, nlink: 1, mtime: 0, rdevMajor: 0, rdevMinor: 0 };
    const head = newcHead({ ...none, ino: i + 1, mode: S_IFLNK | 0o777, size: target.length }, String(i));
    return [head, target, new Uint8Array(newcPadding(target.length))];
  });
  must(machine, ['cpio', '--extract', '--quiet'], {
    cwd: ALIASES,
    input: concatBytes([...records, newcTrailer()]),
  });
  return Object.fromEntries(odd.map(({ path }, i) => [path, `${ALIASES}/${i}`]));
}

/** Nearly no tree has such a path: one regular expression looks through all at once. */
function anySurrogate(records: readonly PlannedRecord[]): boolean {
  return /[\udc80-\udcff]/.test(records.map(({ path }) => path).join(''));
}

function isOdd({ path, data }: PlannedRecord): boolean {
  if (data !== 'file') return false;
  return /[\udc80-\udcff]/.test(path.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''));
}
