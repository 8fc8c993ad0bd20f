/** Segments that stay as they are when something changes elsewhere. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { TreeEntry } from '../../../../src/core/archive/tree.js';
import { planArchive } from '../../../../src/core/image/archive-plan.js';
import { cutSegments, InodeNumbers, SEGMENT_MOST } from '../../../../src/core/image/cuts.js';
import { compareNames } from '../../../../src/core/text/path.js';

const LEAST = (SEGMENT_MOST * 2) / 7;
const NONE = { uid: 0, gid: 0, mtime: 1, target: '', changed: '', allocated: 0, fileSystem: '1' };

function file(path: string, size: number, ino = `of ${path}`, nlink = 1): TreeEntry {
  return { ...NONE, path, type: 'f', mode: 0o644, size, ino, nlink };
}

const ROOT: TreeEntry = { ...file('.', 4096), type: 'd', mode: 0o755 };

/** The headers of each segment: what its bytes are made of, without contents. */
function segmentsOf(files: readonly TreeEntry[]): string[] {
  const tree = [ROOT, ...files.toSorted((a, b) => compareNames(a.path, b.path))];
  const planned = planArchive(tree, new Map());
  assert.ok(planned.ok);
  return planned.value.segments.map(({ records }) =>
    records.map(({ path, ino, nlink, size }) => `${path} ${ino} ${nlink} ${size}`).join('\n'),
  );
}

/** Files of a few hundred MiB, with hard links; sizes as in a system: most small, some large. */
const size = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 200_000, max: 3_000_000 }) },
);
const name = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.stringMatching(/^[a-z]{1,12}$/))
  .map(([folder, file]) => `usr/lib/${folder}/${file}`);
const trees = fc
  .uniqueArray(fc.record({ name, size, linked: fc.nat(20) }), {
    ...{ minLength: 600, maxLength: 900, size: 'max' },
    selector: (file) => file.name,
  })
  .map((files) =>
    files.map(({ name, size, linked }) =>
      file(name, size, ...((linked === 0 ? ['one', 2] : []) as [string?, number?])),
    ),
  );

describe('a change costs the segment it is in', () => {
  const change = fc.record({ at: fc.nat(), kind: fc.constantFrom('add', 'remove', 'resize'), size });

  test('at most a few other ones; on average hardly any', () => {
    let changes = 0;
    let changed = 0;
    fc.assert(
      fc.property(trees, fc.array(change, { minLength: 4, maxLength: 8 }), (files, made) => {
        const before = new Set(segmentsOf(files));
        for (const { at, kind, size } of made) {
          const i = at % files.length;
          const { path } = files[i] as TreeEntry;
          const added = kind === 'remove' ? [] : [file(kind === 'add' ? `${path}+` : path, size)];
          const after = files.toSpliced(kind === 'add' ? files.length : i, 1, ...added);
          const others = segmentsOf(after).filter((segment) => !before.has(segment)).length;
          assert.ok(others <= 6, `${kind} ${path}: ${others} segments`);
          changes++;
          changed += others;
        }
      }),
      { numRuns: 30 },
    );
    assert.ok(changed < changes * 1.5, `${changed} segments for ${changes} changes`);
  });
});

test('segments hold everything in a row, and as much as they should; the order of names alone counts', () => {
  fc.assert(
    fc.property(trees, (files) => {
      const pieces = files.map(({ path, size }) => ({ path, bytes: size }));
      const segments = cutSegments(pieces);
      assert.deepEqual(segments.flat(), pieces);
      const sizes = segments.map((segment) => segment.reduce((sum, { bytes }) => sum + bytes, 0));
      const single = sizes.length === 1;
      for (const bytes of sizes)
        assert.ok(bytes <= SEGMENT_MOST && (single || bytes >= LEAST), String(bytes));
      assert.deepEqual(cutSegments(pieces), segments);
    }),
    { numRuns: 30 },
  );
});

test('what is larger than a segment is one, with what little is before it', () => {
  const MiB = 2 ** 20;
  const pieces = [1, 100, 3, 100, 100].map((size, i) => ({ path: String(i), bytes: size * MiB }));
  const sizes = cutSegments(pieces).map((segment) => segment.map(({ bytes }) => bytes / MiB));
  assert.deepEqual(sizes, [[1, 100], [3, 100], [100]]);
  assert.deepEqual(cutSegments([]), []);
});

test('no number is given twice, none is 0 or has more than 32 bits, whatever is asked for', () => {
  const request = fc.record({
    path: fc.constantFrom('a', 'b', 'c'),
    count: fc.integer({ min: 1, max: 2 ** 27 }),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
      const numbers = new InodeNumbers();
      const ranges = requests.map(({ path, count }) => {
        const from = numbers.give(path, count);
        return [from, from + count] as const;
      });
      ranges.sort(([a], [b]) => a - b);
      for (const [i, [from, to]] of ranges.entries()) {
        assert.ok(from >= (ranges[i - 1]?.[1] ?? 1) && to <= 2 ** 32, JSON.stringify(ranges));
      }
    }),
  );
});
