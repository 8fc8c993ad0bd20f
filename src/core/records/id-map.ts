/** Mounts that show other owners than their file system has (mount_setattr(2), "ID-mapped mounts"). */
import type { Kind, Moves } from './accounts.js';

/** Numbers from `from` on, `count` of them, appear as those from `to` on. */
interface Extent {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** (uid_t) -1 belongs to nobody. */
const END = 2 ** 32 - 1;
/** Most extents of a map (UID_GID_MAP_MAX_EXTENTS in include/linux/user_namespace.h). */
const MOST_EXTENTS = 340;

/**
 * All numbers but those that move stay as they are; those that something else moves to must not be in use,
 * and are left out. Throws if that is no map: two numbers move to one, or there are too many.
 */
function extentsOf(moves: Moves): Extent[] {
  const special = new Set([...moves.keys(), ...moves.values()]);
  if (new Set(moves.values()).size < moves.size) throw new Error('two owners would become one');
  const extents: Extent[] = [];
  let next = 0;
  for (const number of [...special, END].sort((a, b) => a - b)) {
    if (number > next) extents.push({ from: next, to: next, count: number - next });
    const to = moves.get(number);
    if (to !== undefined) extents.push({ from: number, to, count: 1 });
    next = number + 1;
  }
  const joined: Extent[] = [];
  for (const extent of extents) {
    const last = joined.at(-1);
    const follows =
      last !== undefined && extent.from === last.from + last.count && extent.to === last.to + last.count;
    if (follows) joined[joined.length - 1] = { ...last, count: last.count + extent.count };
    else joined.push(extent);
  }
  if (joined.length > MOST_EXTENTS) throw new Error(`${moves.size} owners move, more than a mount can map`);
  return joined;
}

/** The value of mount(8)'s option X-mount.idmap; `undefined` if nothing moves. */
export function idMapOption(moves: Readonly<Record<Kind, Moves>>): string | undefined {
  if (moves.users.size + moves.groups.size === 0) return undefined;
  const words = (letter: string, one: Moves): string[] =>
    extentsOf(one).map(({ from, to, count }) => `${letter}:${from}:${to}:${count}`);
  return [...words('u', moves.users), ...words('g', moves.groups)].join(' ');
}
