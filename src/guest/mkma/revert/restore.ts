/**
 * Brings files back, live: all are unpacked beside the others first, and then take their places one by one,
 * so that no program finds one half written.
 */
import {
  type FileAttributes,
  RESTORE_ARGUMENTS,
  renderAttributes,
} from '../../../core/archive/attributes.js';
import { newcTrailer } from '../../../core/archive/cpio.js';
import { planArchive } from '../../../core/image/archive-plan.js';
import { treeToPack } from '../../../core/layers/merge/contents.js';
import type { MergedEntry, MergedTree } from '../../../core/layers/merge/tree.js';
import { err, ok, type Problem, type Result } from '../../../core/result.js';
import { ancestorsOf, sortByName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import { must, mustMakeFolder } from '../../must.js';
import type { FramePlan } from '../../packer/plan.js';
import type { PartResult, RunningSystem } from '../../system.js';
import { attributesInView, dumpOf, nullEnded } from '../directory.js';
import { type ContentSource, feedOf } from '../layers/merge/feed.js';
import { failureOf } from '../persist/packing.js';
import { WORK } from '../persist/work.js';
import { measureFileSystem } from '../room.js';

/** In the root of the machine, so that renaming needs no copy. */
const STAGE = '.mkma-revert';
/** Bytes of RAM that the machine is left with. */
const SPARE = 16 * 2 ** 20;

/** What to bring back. */
export interface Restored {
  /** Files, links and folders as they are to be, and their contents. */
  readonly tree: MergedTree;
  readonly sources: readonly ContentSource[];
  /** Content that files get from nowhere else. */
  readonly texts: ReadonlyMap<string, string>;
  /** What is removed before: by rm(1), folders with all in them. */
  readonly remove: readonly string[];
}

/** Applies it to the root of the machine at `live`. A failure of unpacking changes nothing. */
export function restore(machine: RunningSystem, live: string, wanted: Restored): Result<void> {
  const { tree, remove } = wanted;
  // The root is among what is unpacked: the folder that holds it stays closed.
  const hidden = `${live}/${STAGE}`;
  const stage = `${hidden}/tree`;
  machine.run(['rm', '-rf', '--one-file-system', hidden]);
  mustMakeFolder(machine, hidden, 0o700);
  // What the root has it would pass on to all that is unpacked there.
  machine.run(['setfattr', '--remove=system.posix_acl_default', hidden]);
  mustMakeFolder(machine, stage, 0o700);
  mustMakeFolder(machine, WORK, 0o700);
  must(machine, ['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=100%', 'mkma-work', WORK]);
  try {
    const staged = tree.entries.length === 0 ? ok() : fill(machine, live, stage, wanted);
    if (!staged.ok) return staged;
    if (machine.interrupted()) return err(interrupted());
    if (remove.length > 0) {
      const argv = ['xargs', '--null', 'rm', '-rf', '--one-file-system', '--'];
      const removed = machine.run(argv, { cwd: live, input: nullEnded(remove) });
      if (removed.code !== 0) return err(failed(removed.stderr.trim()));
    }
    return putInPlace(machine, live, stage, tree);
  } finally {
    machine.run(['umount', WORK]);
    machine.run(['rm', '-rf', '--one-file-system', hidden]);
  }
}

/** Unpacks everything into `stage`. */
function fill(
  machine: RunningSystem,
  live: string,
  stage: string,
  { tree, sources, texts }: Restored,
): Result<void> {
  const known = new Set(tree.entries.map(({ path }) => path));
  const above = new Set(
    tree.entries.flatMap(({ path }) => ancestorsOf(path)).filter((path) => !known.has(path)),
  );
  // Only on the way: their own metadata is not applied.
  const folders = [...above].map((path) => wayTo(path));
  const all: MergedTree = {
    ...tree,
    entries: sortByName([...tree.entries, ...folders], ({ path }) => (path === '.' ? '' : path)),
  };
  const { tree: entries, devices } = treeToPack(all, texts);
  const plan = planArchive(entries, devices, { texts });
  if (!plan.ok) return plan;
  const { free } = measureFileSystem(machine, live);
  if (free < plan.value.unpackedBytes + SPARE) return err(noRoom(plan.value.unpackedBytes, free));
  const records = plan.value.segments.flatMap((segment) => segment.records);
  const feed = feedOf(machine, all.entries, sources).of('revert', records);
  const frame: FramePlan = {
    ...{ form: 'newc', from: 0, to: plan.value.bytes, root: WORK, view: WORK, aliases: {} },
    records: feed.records,
  };
  const write = (name: string, content: string | Uint8Array): void => {
    if (!machine.write(`${WORK}/${name}`, content)) throw new Error(`cannot write ${WORK}/${name}`);
  };
  write('plan', JSON.stringify(frame));
  write('trailer', newcTrailer());
  const packer = ['sh', '-c', 'qjs -m /usr/lib/mkma/pack.js plan && exec cat trailer'];
  const unpack = ['env', '-C', stage, 'cpio', '--extract', '--quiet', '--unconditional'];
  unpack.push('--preserve-modification-time');
  let parts: readonly PartResult[] = [];
  machine.pipelines([{ cwd: WORK, parts: [feed.argv, packer, unpack] }], 1, (_, ended) => {
    parts = ended;
    return true;
  });
  if (machine.interrupted()) return err(interrupted());
  const problem = failureOf(parts);
  if (problem !== undefined) return err(failed(problem.why ?? problem.what));
  const said = parts.at(-1)?.stderr.trim() ?? '';
  if (said !== '') return err(failed(said));
  return setAttributes(machine, stage, tree.attributes);
}

function setAttributes(
  machine: RunningSystem,
  folder: string,
  attributes: readonly FileAttributes[],
): Result<void> {
  if (attributes.length === 0) return ok();
  const argv = ['setfattr', ...RESTORE_ARGUMENTS];
  const set = machine.run(argv, { cwd: folder, input: renderAttributes(attributes) });
  return set.code === 0 && set.stderr === '' ? ok() : err(failed(set.stderr.trim()));
}

function wayTo(path: string): MergedEntry {
  const facts = { mode: 0o700, uid: 0, gid: 0, mtime: 0, size: 0, target: '', nlink: 1, ino: 0, at: 0 };
  return { path, type: 'd', ...facts, source: 0, inode: `way:${path}` };
}

/** Folders first, then everything else by a rename each. */
function putInPlace(machine: RunningSystem, live: string, stage: string, tree: MergedTree): Result<void> {
  const folders = tree.entries.filter(({ type }) => type === 'd');
  if (folders.length > 0) {
    const made = makeFolders(machine, live, stage, folders, tree.attributes);
    if (!made.ok) return made;
  }
  const odd: string[] = [];
  for (const { path, type } of tree.entries) {
    if (type === 'd' || machine.rename(`${stage}/${path}`, `${live}/${path}`)) continue;
    odd.push(path);
  }
  // What the engine cannot name: it only supports UTF-8.
  for (const path of odd) {
    const move = ['xargs', '--null', 'sh', '-c', 'exec mv -fT -- "$1/$2" "$0/$2"', live, stage];
    const moved = machine.run(move, { input: `${path}\0` });
    if (moved.code !== 0) return err(failed(moved.stderr.trim()));
  }
  return ok();
}

/** Creates those that are missing, and gives all of them metadata and attributes, and no others. */
function makeFolders(
  machine: RunningSystem,
  live: string,
  stage: string,
  folders: readonly MergedEntry[],
  attributes: readonly FileAttributes[],
): Result<void> {
  const paths = folders.map(({ path }) => path);
  const pass = ['cpio', '--null', '--pass-through', '--quiet', '--unconditional'];
  const words = [...pass, '--preserve-modification-time', live];
  const made = machine.run(words, { cwd: stage, input: nullEnded(paths) });
  if (made.code !== 0 || made.stderr !== '') return err(failed(made.stderr.trim()));
  const own = new Map(attributes.map(({ path, values }) => [path, values]));
  for (const [path, values] of attributesInView(dumpOf(machine, live, paths))) {
    for (const name of Object.keys(values)) {
      if (own.get(path)?.[name] !== undefined) continue;
      machine.run(['xargs', '--null', 'setfattr', '--no-dereference', `--remove=${name}`, '--'], {
        ...{ cwd: live, input: nullEnded([path]) },
      });
    }
  }
  const set = setAttributes(
    machine,
    live,
    attributes.filter(({ path }) => paths.includes(path)),
  );
  const root = folders.find(({ path }) => path === '.');
  if (!set.ok || root === undefined) return set;
  // cpio leaves the folder that it copies to.
  const owned = machine.run(['chown', `${root.uid}:${root.gid}`, live]);
  const done = owned.code === 0 ? machine.run(['chmod', root.mode.toString(8), live]) : owned;
  return done.code === 0 ? ok() : err(failed(done.stderr.trim()));
}

function failed(why: string): Problem {
  return {
    code: 'revert-failed',
    what: 'not everything could be reverted',
    why,
    next: 'see dmesg, and run mkma revert again: what is reverted already is not listed any more',
  };
}

function interrupted(): Problem {
  return { code: 'interrupted', what: 'interrupted', next: 'nothing was reverted', kind: 'interrupted' };
}

function noRoom(needed: number, free: number): Problem {
  return {
    code: 'no-room',
    what: 'there is no room in RAM for what comes back',
    where: '/',
    why: `it takes ${formatBytes(needed)}, and ${formatBytes(free)} are free`,
    next: 'free some space, or revert less at a time',
  };
}
