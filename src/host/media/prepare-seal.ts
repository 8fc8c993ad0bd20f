/** Makes the encrypted part of a medium before anything is written to it: header and file system. */
import { truncateSync } from 'node:fs';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { makeExt4 } from './ext4.js';
import { JOURNAL, LUKS_HEADER, MIB, type Part } from './layout.js';
import { makeHeader } from './luks.js';
import { NamelessFile } from './nameless-file.js';
import type { MediumTools } from './programs.js';
import type { Sealed } from './seal.js';
import { sealedTree } from './tree.js';
import { usedRanges } from './used-blocks.js';
import { type Encryption, type MediumPlan, treeRequest } from './write.js';

/** It, with the file that has it in the clear, which goes when this does. */
export type PreparedSeal = Sealed & Disposable;

/** What the file system has besides the images: journal, inodes, folders. */
const OWN = JOURNAL + 24 * MIB;

export async function prepareSeal(
  tools: MediumTools,
  plan: MediumPlan,
  { passphrase, keyMemory }: Encryption,
  scratch: string,
  { signal, emit }: Context,
): Promise<Result<PreparedSeal>> {
  const { layout, ids, label, epoch, digests, files } = plan;
  const { bytes } = layout.storage;
  const luks = { passphrase, keyMemory, uuid: ids.luks, bytes, scratch };
  const header = await makeHeader(tools, luks, signal);
  if (!header.ok) return header;
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const clear = NamelessFile.make(total + OWN, scratch);
  let kept = false;
  try {
    if (!clear.inRam) emit({ type: 'warning', problem: inTheClear(scratch) });
    const part: Part = { start: 0, bytes: bytes - LUKS_HEADER };
    truncateSync(clear.path, part.bytes);
    const target = { target: clear.path, part, uuid: ids.storage, hashSeed: ids.hashSeed };
    let done = 0;
    const onBytes = (more: number): void => {
      done += more;
      emit({ type: 'progress', stage: 'encrypt', done, total, unit: 'bytes' });
    };
    const streaming = { signal, digests, onBytes, pace: async () => undefined };
    const request = { ...target, label, epoch, scratch };
    const made = await makeExt4(tools, request, sealedTree(treeRequest(plan)), streaming);
    if (!made.ok) return made;
    const ranges = await usedRanges(tools, clear.path, signal);
    if (!ranges.ok) return ranges;
    kept = true;
    const file = clear.path;
    return ok({ header: header.value, file, ranges: ranges.value, [Symbol.dispose]: () => forget() });
  } finally {
    if (!kept) forget();
  }

  function forget(): void {
    clear[Symbol.dispose]();
    if (header.ok) header.value.key.fill(0);
  }
}

function inTheClear(where: string) {
  return {
    code: 'clear-on-disk',
    what: 'the images pass through a file that is not encrypted',
    where,
    why: 'RAM has no room for them; the file is removed at once, but its blocks on that disk may remain',
    next: 'if that disk is not encrypted itself, repeat the command with more free RAM, or with --cache on another one',
  } as const;
}
