/** Decides which stages of an output folder have to run, and why. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { requireOwnTree } from '../sys/tree-owner.js';
import { type BuildState, type Inputs, whyRun } from './build-state.js';
import { changedSince, fingerprint } from './fingerprint.js';
import { PUBLISHING } from './publishing.js';

/**
 * Whether `chroot/` is as the last build left it. `unfinished`: a build was interrupted while publishing, and
 * this is its tree, not an edit.
 */
export type TreeState =
  | { readonly state: 'missing' }
  | { readonly state: 'clean' | 'edited' | 'unfinished'; readonly fingerprint: string };

export async function treeState(
  output: string,
  state: BuildState,
  signal?: AbortSignal,
): Promise<Result<TreeState>> {
  const root = join(output, FILES.chroot);
  if (!existsSync(root)) return ok({ state: 'missing' });
  const own = requireOwnTree(root, state.get('system')?.output);
  if (!own.ok) return own;
  const now = await fingerprint(root, signal);
  if (!now.ok) return now;
  const is = (stage: string): boolean => state.get(stage)?.output.fingerprint === now.value;
  const found = is('system') ? 'clean' : is(PUBLISHING) ? 'unfinished' : 'edited';
  return ok({ state: found, fingerprint: now.value });
}

/** Why `chroot/` has to be made; `undefined`: it stays. Fails if that would overwrite edits made by hand. */
export async function whySystem(
  output: string,
  state: BuildState,
  inputs: Inputs,
  tree: TreeState,
  discardEdits: boolean,
): Promise<Result<string | undefined>> {
  const record = state.get('system');
  if (tree.state === 'missing') return ok(record === undefined ? 'not built yet' : 'chroot/ is missing');
  if (tree.state === 'unfinished') return ok('the last build was interrupted while publishing');
  const why = record === undefined ? undefined : whyFiles(state, 'system', inputs, output);
  if (tree.state === 'clean') return ok(why);
  if (discardEdits) return ok(why ?? 'discarding edits made by hand');
  if (record !== undefined && why === undefined) return ok(undefined);
  return err({
    code: 'chroot-edited',
    what: 'chroot/ was edited by hand and would be overwritten',
    where: join(output, FILES.chroot),
    why: `it has to be built again (${why ?? 'no build of mkma made it'})${await editedPaths(output, record?.at)}`,
    next: 'build into another folder (--output) to keep the edits, or discard them with --discard-edits',
  });
}

/** The first few edited paths, as text. */
export async function editedPaths(output: string, at: string | undefined): Promise<string> {
  if (at === undefined) return '';
  const paths = await changedSince(join(output, FILES.chroot), at, 6);
  if (paths.length === 0) return '';
  const shown = paths.slice(0, 5).map((path) => `/${quoteName(path)}`);
  return `; changed: ${shown.join(', ')}${paths.length > 5 ? ', ...' : ''}`;
}

/** Size and time of a published file: enough to recognize it. */
export function fileStamp(path: string): string {
  const info = statSync(path, { throwIfNoEntry: false });
  return info === undefined ? 'missing' : `${info.size}@${info.mtimeMs}`;
}

/** Why a stage that makes files has to run: an input changed, or a file is missing or was changed. */
export function whyFiles(
  state: BuildState,
  stage: string,
  inputs: Inputs,
  output: string,
): string | undefined {
  const record = state.get(stage);
  const why = whyRun(record, inputs);
  if (record === undefined || why !== undefined) return why;
  for (const [name, stamp] of Object.entries(record.output)) {
    if (!name.startsWith('file ')) continue;
    const file = name.slice(5);
    if (fileStamp(join(output, file)) !== stamp) return `${file} is missing or was changed`;
  }
  return undefined;
}
