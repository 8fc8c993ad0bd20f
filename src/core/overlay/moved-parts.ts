/** What a choice of changes leaves of a moved folder: nothing of it may be lost by being saved in part. */
import { ancestorsOf } from '../text/path.js';
import type { Change } from './changes.js';

/** The choice without deletions of folders whose content it does not have elsewhere. */
export function withoutLosses(
  all: readonly Change[],
  chosen: readonly Change[],
): { readonly chosen: Change[]; readonly stay: readonly string[] } {
  const kept = new Set(chosen.map(({ path }) => path));
  const stay = new Set<string>();
  for (const { path, kind, partOf } of chosen) {
    if (kind !== 'deleted' || partOf === undefined) continue;
    const lost = all.some((change) => {
      if (kept.has(change.path)) return false;
      // Content that came along, the folder itself, or a folder that was in it and moved on.
      if (change.entry !== undefined && change.partOf === partOf) return true;
      if (change.path === partOf) return true;
      const { from } = change;
      return from !== undefined && (from === path || ancestorsOf(from).includes(path));
    });
    if (lost) stay.add(path);
  }
  return { chosen: chosen.filter(({ path }) => !stay.has(path)), stay: [...stay] };
}
