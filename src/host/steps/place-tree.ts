/** Brings `chroot/` to what the build made: by the difference where that is known, else as a new copy. */
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { fingerprint } from '../stages/fingerprint.js';
import { STATE } from '../sys/output.js';
import { type Change, changesOf } from '../trees/changes.js';
import { copyTree, updateTree } from '../trees/copy.js';
import { TREE_IN_LOWER } from '../trees/lower.js';
import { addedLowers, joined, readTreeRecord, writeTreeRecord } from '../trees/record.js';
import type { Work } from './work.js';

/** What is recorded of the tree in `chroot/`. */
function recordFile({ output }: Work): string {
  return join(output.path, STATE, 'tree.json');
}

/** Where `chroot/` differs from the tree that was made; `undefined`: unknown. */
async function knownDifference(work: Work): Promise<Result<readonly Change[] | undefined>> {
  const { tree, stack, context } = work;
  const record = readTreeRecord(recordFile(work));
  if (tree.state !== 'clean' || record?.fingerprint !== tree.fingerprint) return ok(undefined);
  if (stack.current === undefined || stack.changes === undefined) return ok(undefined);
  const { lowers } = stack.current;
  const added = addedLowers(record, lowers);
  if (added === undefined) return ok(undefined);
  const all = [record.changes, stack.changes];
  for (const { path } of added) {
    const changed = await changesOf(join(path, TREE_IN_LOWER), context.signal);
    if (!changed.ok) return changed;
    all.push(changed.value);
  }
  return ok(joined(all));
}

/**
 * Starts the copy that is needed if the difference is not known, beside other stages. Resolves to its path,
 * or to `undefined` if `chroot/` is to be updated.
 */
export async function copyAhead(work: Work): Promise<Result<string | undefined>> {
  const { stack, output, context } = work;
  if (stack.current === undefined) return ok(undefined);
  const known = await knownDifference(work);
  if (!known.ok || known.value !== undefined) return known.ok ? ok(undefined) : known;
  // A copy of the lower trees lies in the scratch folder already.
  if (stack.current.upper === undefined) return ok(stack.current.root);
  const copy = join(output.scratch.path, FILES.chroot);
  mkdirSync(copy, { mode: 0o755 });
  const copied = await copyTree(stack.current.root, copy, context.signal);
  return copied.ok ? ok(copy) : copied;
}

/**
 * Puts the tree to be published into the scratch folder, and completes the records that name its fingerprint.
 * An update takes `chroot/` away until it is published: what ends the build in between leaves none, and the
 * next build makes it again.
 */
export async function placeTree(work: Work, copy: string | undefined): Promise<Result<void>> {
  const { stack, records } = work;
  if (stack.current === undefined) return ok();
  const known = copy === undefined ? await knownDifference(work) : ok(undefined);
  if (!known.ok) return known;
  const changes = known.value;
  if (copy === undefined && changes === undefined) throw new Error('neither a copy nor a difference');
  const placed = copy === undefined ? await update(work, stack.current.root, changes ?? []) : ok(copy);
  if (!placed.ok) return placed;
  const print = await fingerprint(placed.value);
  if (!print.ok) return print;
  // First to get its name: a base without its tree would be packed again from another one.
  const others = [...work.made];
  work.made.clear();
  for (const [name, path] of [[FILES.chroot, placed.value] as const, ...others]) work.made.set(name, path);
  const { system, base } = records;
  if (system === undefined) throw new Error('a tree was made without a record');
  // Later than every file of it: whatever changes afterwards is an edit.
  const at = new Date().toISOString();
  records.system = { ...system, at, output: { ...system.output, fingerprint: print.value } };
  if (base !== undefined) records.base = { ...base, inputs: { ...base.inputs, 'chroot/': print.value } };
  const lowers = stack.current.lowers.map(({ id }) => id);
  if (stack.changes !== undefined) {
    const record = { fingerprint: print.value, lowers, changes: stack.changes };
    writeTreeRecord(recordFile(work), record, work.settings.owner);
  }
  return ok();
}

/**
 * Brings the present tree up to date, out of its place. Where that fails or would not be exact, the new tree
 * is a copy. Resolves to its path. Fails, with the tree in its place again, if somebody has edited it.
 */
async function update(work: Work, root: string, changes: readonly Change[]): Promise<Result<string>> {
  const { output, tree } = work;
  const [final, placed] = [join(output.path, FILES.chroot), join(output.scratch.path, FILES.chroot)];
  renameSync(final, placed);
  const now = await fingerprint(placed);
  if (!now.ok || tree.state === 'missing' || now.value !== tree.fingerprint) {
    renameSync(placed, final);
    return now.ok ? err(editedMeanwhile(final)) : now;
  }
  // Not interrupted half-way: it takes a moment.
  const { signal } = new AbortController();
  const updated = await updateTree(root, placed, changes, signal);
  if (updated.ok && updated.value) return ok(placed);
  const copy = join(output.scratch.path, 'copied-chroot');
  mkdirSync(copy, { mode: 0o755 });
  const copied = await copyTree(root, copy, signal);
  return copied.ok ? ok(copy) : copied;
}

/** The problem that somebody edited the tree that would be replaced. */
export function editedMeanwhile(where: string): Problem {
  return {
    code: 'chroot-edited',
    what: 'chroot/ was edited while it was being built again',
    where,
    why: 'publishing would overwrite the edits; nothing was published',
    next: 'build again: into another folder (--output) to keep the edits, or with --discard-edits',
  };
}
