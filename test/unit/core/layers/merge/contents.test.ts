/** A stream has every content that is needed, at the place that is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedRecord } from '../../../../../src/core/image/archive-plan.js';
import {
  archiveFrames,
  ContentStreams,
  type SourceContents,
  type Step,
} from '../../../../../src/core/layers/merge/contents.js';
import type { MergedEntry } from '../../../../../src/core/layers/merge/tree.js';
import { Chance } from '../../../../cli/persist/random.js';

/** Archives as texts, in frames of a few bytes, whose compressed form is as long; and files by their paths. */
interface Source {
  readonly text: string;
  readonly contents: SourceContents;
}

function written(
  sources: readonly Source[],
  steps: readonly Step[],
  files: ReadonlyMap<string, string>,
): string {
  return steps
    .map((step) => {
      const { text } = sources[step.source] as Source;
      if ('at' in step) return text.slice(step.at - 16, step.at - 16 + step.size);
      return step.files
        .map((path) => files.get(path) ?? '')
        .join('')
        .slice(step.skip);
    })
    .join('');
}

const letters = (chance: Chance, length: number): string =>
  Array.from({ length }, () => String.fromCharCode(97 + chance.number(26))).join('');

test('random contents of archives and file systems, whole and in part, some of them twice', () => {
  const chance = new Chance(3);
  for (let round = 0; round < 300; round++) {
    const files = new Map<string, string>();
    const entries: MergedEntry[] = [];
    const sources = Array.from({ length: 1 + chance.number(3) }, (_, source): Source => {
      const isArchive = chance.number(3) > 0;
      let text = '';
      for (let i = 0; i < 6; i++) {
        text += letters(chance, chance.number(5));
        const path = `${source}/${i}`;
        const content = letters(chance, chance.number(12));
        const facts = { mode: 0, uid: 0, gid: 0, mtime: 0, target: '', ino: i, nlink: 1, inode: path };
        entries.push({
          path,
          type: 'f',
          size: content.length,
          at: isArchive ? text.length : i,
          source,
          ...facts,
        });
        files.set(path, content);
        text += content;
        // The same content under another name: a file of its own.
        if (chance.number(4) > 0) continue;
        entries.push({ ...(entries.at(-1) as MergedEntry), path: `${path}again` });
        files.set(`${path}again`, content);
      }
      const sizes: number[] = [];
      for (let left = text.length; left > 0; left -= sizes.at(-1) ?? 0)
        sizes.push(Math.min(left, 1 + chance.number(9)));
      const frames = archiveFrames(
        sizes.map((size) => ({ size, bytes: size })),
        16,
      );
      return { text, contents: isArchive ? { frames } : {} };
    });
    const chosen = entries
      .filter(() => chance.number(3) > 0)
      .sort((a, b) => a.source - b.source || a.at - b.at);
    const records = chosen.map(
      ({ path, size }) => ({ path, size, data: 'file' }) as unknown as PlannedRecord,
    );
    const streams = new ContentStreams(
      entries,
      sources.map(({ contents }) => contents),
    );
    // Only the first and the last of a frame are needed in part.
    const [skip, end] = [chance.number(6), chance.number(6)];
    const range = (record: PlannedRecord): [number, number] => [
      record === records[0] ? Math.min(skip, record.size) : 0,
      record === records.at(-1) ? Math.max(record.size - end, record === records[0] ? skip : 0) : record.size,
    ];
    const { records: streamed, steps } = streams.stream(records, range);
    const stream = written(sources, steps, files);
    let done = 0;
    for (const [i, { path, content, data, size }] of streamed.entries()) {
      const [from, to] = range(records[i] as PlannedRecord);
      if (size === 0) assert.equal(data, 'none');
      if (size === 0 || from >= to) continue;
      const at = content ?? Number.NaN;
      assert.equal(stream.slice(at + from, at + to), files.get(path)?.slice(from, to), `${round}: ${path}`);
      // A packer reads on and never back.
      assert.ok(at + from >= done, `${round}: ${path} is before ${done}`);
      done = at + to;
    }
  }
});
