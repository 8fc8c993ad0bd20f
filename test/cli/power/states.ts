/** What a disk may hold once its power was cut, from the writes that were on their way to it. */
import type { Chance } from '../persist/random.js';
import type { Entry } from './recorder.js';

type Write = Extract<Entry, { kind: 'write' }>;

/** A disk as one power cut may leave it. */
export interface State {
  /** How many entries of the log had been asked for. */
  readonly asked: number;
  /** What became of those that were not flushed, for people. */
  readonly how: string;
  readonly disk: Buffer;
}

/** A disk writes so many bytes whole or not at all, where they are aligned to it. */
const ATOM = 4096;

/**
 * The disk after each write, with all writes; and for every stretch between two flushes without those that were not
 * flushed, and with parts of them by chance, in any order. `disk` is how it was before the first entry; what had been asked
 * for `since` then is looked at.
 */
export function* statesOf(
  disk: Buffer,
  entries: readonly Entry[],
  since: number,
  chance: Chance,
  byChance: number,
): Generator<State> {
  const flushed = Buffer.from(disk);
  let pending: Write[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry.kind === 'write') {
      pending.push(entry);
      if (i >= since)
        yield { asked: i + 1, how: `all ${pending.length} written`, disk: after(flushed, pending) };
      continue;
    }
    // Just before this flush: the stretch is at its longest.
    if (i >= since) yield* unflushed(flushed, pending, i, chance, byChance);
    for (const { at, data } of pending) data.copy(flushed, at);
    pending = [];
  }
  yield* unflushed(flushed, pending, entries.length, chance, byChance);
}

function* unflushed(
  disk: Buffer,
  pending: readonly Write[],
  asked: number,
  chance: Chance,
  byChance: number,
): Generator<State> {
  if (pending.length === 0) return;
  yield { asked, how: `none of ${pending.length} written`, disk };
  for (let n = 0; n < byChance; n++) {
    const how = `some of ${pending.length} written (${n})`;
    yield { asked, how, disk: after(disk, some(pending, chance)) };
  }
}

function after(disk: Buffer, writes: readonly Write[]): Buffer {
  const copy = Buffer.from(disk);
  for (const { at, data } of writes) data.copy(copy, at);
  return copy;
}

/** About half of the writes, some of them in part, in any order. */
function some(writes: readonly Write[], chance: Chance): Write[] {
  const kept = writes.filter(() => chance.number(2) === 0).map((write) => torn(write, chance));
  for (let i = kept.length - 1; i > 0; i--) {
    const other = chance.number(i + 1);
    [kept[i], kept[other]] = [kept[other] as Write, kept[i] as Write];
  }
  return kept;
}

/** One in three ends early. */
function torn(write: Write, chance: Chance): Write {
  const atoms = Math.ceil(write.data.length / ATOM);
  if (atoms < 2 || chance.number(3) > 0) return write;
  const end = (Math.floor(write.at / ATOM) + 1 + chance.number(atoms - 1)) * ATOM - write.at;
  return { ...write, data: write.data.subarray(0, end) };
}
