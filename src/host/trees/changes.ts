/** What an overlay's upper directory changes of the lower ones. */
import { existsSync, lstatSync } from 'node:fs';
import { parseAttributes } from '../../core/archive/attributes.js';
import { ok, type Result } from '../../core/result.js';
import { decodeName, sortByName } from '../../core/text/path.js';
import { pathIn } from '../pack/scan.js';
import { runBytes } from '../sys/run.js';

/** A path that differs, relative to the tree's root; the root itself is `.`. */
export interface Change {
  readonly path: string;
  /**
   * `entry`: only itself, its content or that it is gone. `whole`: a folder with everything in it, since what
   * is below does not show, or since an attribute of it may have to go.
   */
  readonly extent: 'entry' | 'whole';
}

/** Marks of directories whose lower content is hidden or comes from elsewhere (overlayfs.rst). */
const WHOLE = /^(trusted|user)\.overlay\.(opaque|redirect)$/;
const OWN = /^(trusted|user)\.overlay\./;

/** Reads what the upper directory has, sorted by path. */
export async function changesOf(upper: string, signal: AbortSignal): Promise<Result<readonly Change[]>> {
  // Nothing was changed, not even the root.
  if (!existsSync(upper)) return ok([]);
  const find = { file: 'find', args: [upper, '-printf', '%P\\0'] };
  const match = [
    '--recursive',
    '--physical',
    '--no-dereference',
    '--dump',
    '--match=-',
    '--encoding=base64',
    '.',
  ];
  const dump = { file: 'getfattr', args: match, cwd: upper, env: { LC_ALL: 'C' } };
  const [listed, dumped] = await Promise.all([runBytes(find, { signal }), runBytes(dump, { signal })]);
  if (!listed.ok) return listed;
  if (!dumped.ok) return dumped;
  const attributed = parseAttributes(dumped.value, (name) => WHOLE.test(name) || !OWN.test(name));
  const whole = new Set(attributed.map(({ path }) => path));
  const paths = decodeName(listed.value).split('\0').slice(0, -1);
  const changes = paths.map((name): Change => {
    const path = name === '' ? '.' : name;
    return { path, extent: whole.has(path) ? 'whole' : 'entry' };
  });
  return ok(sortByName(changes, ({ path }) => path));
}

/**
 * A changed file that has further names in the lower directories, which keep the old content there: an
 * overlay without an index breaks hard links, unlike any other file system. `undefined`: none.
 */
export function brokenLink(
  upper: string,
  lowers: readonly string[],
  changes: readonly Change[],
): string | undefined {
  const names = changes.filter(({ path }) => lstatSync(pathIn(upper, path)).isFile());
  return names.find(({ path }) => {
    const below = lowers.map((lower) => lstatSync(pathIn(lower, path), { throwIfNoEntry: false }));
    const found = below.find((info) => info !== undefined);
    return found?.isFile() === true && found.nlink > 1;
  })?.path;
}
