/** What an overlay's upper directory changes of the lower ones. */
import { existsSync, lstatSync } from 'node:fs';
import { DUMP_ARGUMENTS, isCarried, parseAttributes } from '../../core/archive/attributes.js';
import { ok, type Result } from '../../core/result.js';
import { decodeName, sortByName } from '../../core/text/path.js';
import { pathIn } from '../pack/scan.js';
import { runBytes } from '../sys/run.js';
import { ifThere } from './if-there.js';

/** A path that differs, relative to the tree's root; the root itself is `.`. */
export interface Change {
  readonly path: string;
  /**
   * `entry`: only itself, its content or that it is gone. `whole`: a folder with everything in it, since what
   * is below does not show, or since an attribute of it may have to go.
   */
  readonly extent: 'entry' | 'whole';
  /** A folder that came from another name below. */
  readonly renamed?: true;
}

/** Marks of directories whose lower content is hidden or comes from elsewhere (overlayfs.rst). */
const WHOLE = /^(trusted|user)\.overlay\.(opaque|redirect)$/;
const RENAMED = /^(trusted|user)\.overlay\.redirect$/;

/** Whether an attribute is the file's: in a user namespace the overlay's own marks are users' attributes. */
function isOwn(name: string): boolean {
  return isCarried(name) && !/^user\.overlay\.(?!overlay\.)/.test(name);
}

/** Reads what the upper directory has, sorted by path. */
export async function changesOf(upper: string, signal: AbortSignal): Promise<Result<readonly Change[]>> {
  // Nothing was changed, not even the root.
  if (!existsSync(upper)) return ok([]);
  const find = { file: 'find', args: [upper, '-printf', '%P\\0'] };
  const dump = { file: 'getfattr', args: [...DUMP_ARGUMENTS], cwd: upper, env: { LC_ALL: 'C' } };
  const [listed, dumped] = await Promise.all([runBytes(find, { signal }), runBytes(dump, { signal })]);
  if (!listed.ok) return listed;
  if (!dumped.ok) return dumped;
  const attributed = parseAttributes(dumped.value, (name) => WHOLE.test(name) || isOwn(name));
  const whole = new Set(attributed.map(({ path }) => path));
  const marked = attributed.filter(({ values }) => Object.keys(values).some((name) => RENAMED.test(name)));
  const renamed = new Set(marked.map(({ path }) => path));
  const paths = decodeName(listed.value).split('\0').slice(0, -1);
  const changes = paths.map((name): Change => {
    const path = name === '' ? '.' : name;
    const from = renamed.has(path) ? ({ renamed: true } as const) : {};
    return { path, extent: whole.has(path) ? 'whole' : 'entry', ...from };
  });
  return ok(sortByName(changes, ({ path }) => path));
}

/**
 * What an overlay without an index does not do as any other file system, if there is any: a changed file that
 * has further names below, which keep the old content; a renamed folder, in which such files are not found.
 */
export function brokenLink(
  upper: string,
  lowers: readonly string[],
  changes: readonly Change[],
): string | undefined {
  const moved = changes.find(({ renamed }) => renamed === true);
  if (moved !== undefined) return moved.path;
  const names = changes.filter(({ path }) => lstatSync(pathIn(upper, path)).isFile());
  return names.find(({ path }) => {
    const found = lowers.map((lower) => ifThere(lower, path)).find((info) => info !== undefined);
    return found?.isFile() === true && found.nlink > 1;
  })?.path;
}
