/** Gives everything that a build made its final name, at once at its end. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { fileStamp } from '../stages/decide.js';
import { fingerprint } from '../stages/fingerprint.js';
import { PUBLISHING } from '../stages/publishing.js';
import { flush, publishFile } from '../sys/files.js';
import { requireUnmounted } from '../sys/mounts.js';
import { Interrupted } from '../sys/run.js';
import { ACCOUNTS } from './last-numbers.js';
import { editedMeanwhile, placeTree } from './place-tree.js';
import type { Work } from './work.js';

/** Files that a stage publishes, besides its tree. */
const PUBLISHED_BY: Readonly<Record<string, readonly string[]>> = {
  system: [FILES.kernel],
  initramfs: [FILES.initramfs],
  microcode: [FILES.microcode],
  // The one of the other format was removed, and must stay so.
  base: BASE_NAMES,
  sbom: [FILES.sbom],
};

/**
 * Publishes. The records first note what is about to happen: those of what is replaced are removed, and what
 * comes is announced, so that a crash in between causes a rebuild, never trust in a mixture, and the new tree
 * is never taken for an edit. `copy`: a tree for `chroot/`, if it is not updated. Fails, with nothing
 * published, if `chroot/` was edited while the build ran.
 */
export async function publish(work: Work, copy: string | undefined): Promise<Result<void>> {
  const { output, state, records, context } = work;
  if (work.made.size === 0 && work.gone.size === 0) {
    // Every stage found its files in order: what another build was cut off from is done.
    if (state.get(PUBLISHING) !== undefined) state.put({ [PUBLISHING]: undefined });
    return ok();
  }
  const names = [...work.made.keys(), ...work.gone, FILES.chroot];
  const free = requireUnmounted(...names.map((name) => join(output.path, name)), ...work.made.values());
  if (!free.ok) return free;
  const untouched = await checkUntouched(work);
  if (!untouched.ok) return untouched;
  if (context.signal.aborted) throw new Interrupted();
  const placed = await placeTree(work, copy);
  if (!placed.ok) return placed;
  const { system, [ACCOUNTS]: accounts } = records;
  const struck = Object.keys(records).filter((name) => name !== 'system' && name !== ACCOUNTS);
  const announced = {
    [PUBLISHING]: system ?? { inputs: {}, at: new Date().toISOString(), output: {} },
    // Never struck: no later build could know them.
    ...(accounts === undefined ? {} : { [ACCOUNTS]: accounts }),
  };
  state.put({ ...Object.fromEntries(struck.map((name) => [name, undefined])), ...announced });
  moveIntoPlace(work);
  const stamped = Object.entries(records).map(([name, record]) => {
    const stamps = (PUBLISHED_BY[name] ?? []).map((file) => [
      `file ${file}`,
      fileStamp(join(output.path, file)),
    ]);
    return [name, { ...record, output: { ...record.output, ...Object.fromEntries(stamps) } }] as const;
  });
  state.put({ ...Object.fromEntries(stamped), [PUBLISHING]: undefined });
  return ok();
}

/** A copied file may have the owner of its original. Builds run as root, or as the caller in a namespace. */
const ROOT = process.getuid?.() === 0 ? { uid: 0, gid: 0 } : undefined;

function moveIntoPlace({ made, gone, output, settings }: Work): void {
  for (const [name, path] of made) {
    const final = join(output.path, name);
    if (name === FILES.chroot || name === FILES.initramfsTree) {
      // Removed with the scratch folder: an error there does not interrupt publishing.
      if (existsSync(final)) renameSync(final, join(output.scratch.path, `old-${name}`));
      renameSync(path, final);
    } else publishFile(path, final, settings.owner ?? ROOT);
  }
  for (const name of gone) rmSync(join(output.path, name), { force: true });
  flush(output.path);
}

async function checkUntouched({ stack, tree, output, context }: Work): Promise<Result<void>> {
  if (stack.current === undefined || tree.state === 'missing') return ok();
  const path = join(output.path, FILES.chroot);
  const now = await fingerprint(path, context.signal);
  if (!now.ok || now.value === tree.fingerprint) return now.ok ? ok() : now;
  return err(editedMeanwhile(path));
}
