/** Who a path comes from: as the view of lower directories has it, and told rightly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BlamedImage, blame, blamedPaths, parseBlamePath } from '../../../../src/core/layers/blame.js';
import { blameLines, knownBlame } from '../../../../src/core/layers/blame-text.js';
import type { LayerEntry, LayerTree } from '../../../../src/core/layers/tree.js';
import { type LowerDirectory, LowerView } from '../../../../src/core/overlay/lower.js';
import { entry, tree } from './make.js';

type Kind = 'none' | 'file' | 'link' | 'folder' | 'deleted' | 'opaque';
interface Node {
  readonly kind: Kind;
  readonly children: readonly Node[];
}

const kind = fc.constantFrom<Kind>('none', 'file', 'link', 'folder', 'folder', 'deleted', 'opaque');
const node = (depth: number): fc.Arbitrary<Node> =>
  fc.record({
    kind,
    children: depth === 0 ? fc.constant([]) : fc.array(node(depth - 1), { minLength: 2, maxLength: 2 }),
  });

/** A whole tree: what is in a folder is there only where the folder is. */
function grow(nodes: readonly Node[]): LayerTree {
  const entries: LayerEntry[] = [entry('.', 'd')];
  const [deleted, opaque]: [string[], string[]] = [[], []];
  const add = (at: string, list: readonly Node[]): void => {
    for (const [i, one] of list.entries()) {
      const path = at + 'ab'[i];
      if (one.kind === 'deleted') deleted.push(path);
      else if (one.kind === 'file') entries.push(entry(path));
      else if (one.kind === 'link') entries.push(entry(path, 'l', { target: 'b' }));
      else if (one.kind !== 'none') {
        entries.push(entry(path, 'd'));
        if (one.kind === 'opaque') opaque.push(path);
        add(`${path}/`, one.children);
      }
    }
  };
  add('', nodes);
  return tree(entries, deleted, opaque);
}

test('what decides is what an overlay shows: ten thousand stacks of four images', () => {
  const nodes = fc.array(node(2), { minLength: 2, maxLength: 2 });
  const paths = ['.', 'a', 'b', 'a/a', 'a/b', 'a/a/a', 'a/a/b', 'b/a', 'b/b/a'];
  let [shown, hidden] = [0, 0];
  fc.assert(
    fc.property(fc.array(nodes, { minLength: 1, maxLength: 4 }), (stack) => {
      const trees = stack.map(grow);
      const view = new LowerView([...trees].reverse() as LowerDirectory[]);
      const images = trees.map((one, i): BlamedImage => ({ name: String(i), tree: one }));
      for (const path of paths) {
        const { present, verdicts } = blame(path, images);
        const decider = verdicts.find(({ decides }) => decides);
        assert.equal(present, view.at(path) !== undefined, path);
        if (present) assert.equal(decider?.entry, view.at(path), path);
        if (present) shown++;
        // Folders are one; of all else below the one that decides it is told why it is not seen.
        for (const one of verdicts) {
          assert.equal(
            one.hidden === undefined && !one.decides && one.entry !== undefined && one.entry.type !== 'd',
            false,
          );
        }
        // Whatever is there and hidden does not show, and what hides it is an image above.
        for (const one of verdicts.filter((verdict) => verdict.hidden !== undefined)) {
          hidden++;
          assert.ok(Number(one.hidden?.image) > Number(one.image));
          assert.notEqual(one.entry, view.at(path) ?? null);
        }
      }
    }),
    { numRuns: 10_000 },
  );
  assert.ok(shown > 10_000 && hidden > 10_000, `${shown} shown, ${hidden} hidden`);
});

const etc = entry('etc', 'd');
const image = (name: string, ...of: Parameters<typeof tree>): BlamedImage => ({ name, tree: tree(...of) });

/** The lines without the columns of entries. */
function told(path: string, ...images: BlamedImage[]): string[] {
  return blameLines(blame(path, images)).map((line) =>
    line.replace(/ +-\S+ +0:0 +0 +1970-01-01 00:00:00/, ' FILE').replace(/ {2,}/g, ' '),
  );
}

test('deletions, opaque folders and files in the way are told, each with its image', () => {
  const base = image('base', [etc, entry('etc/a'), entry('etc/x', 'd'), entry('etc/x/y')]);
  const over = image('over', [etc, entry('etc/a')]);
  assert.deepEqual(told('etc/a', base, over), [
    '* over FILE',
    ' base FILE hidden by over: has a file there',
    '/etc/a comes from over',
  ]);
  const gone = image('gone', [], ['etc']);
  assert.deepEqual(told('etc/a', base, over, gone), [
    '* gone deletes /etc',
    ' over FILE hidden by gone: deletes /etc',
    ' base FILE hidden by over: has a file there',
    '/etc/a does not exist: gone deletes /etc',
  ]);
  const again = image('again', [etc, entry('etc/a')], [], ['etc']);
  assert.deepEqual(told('etc/a', base, again), [
    '* again FILE hides everything below it in /etc',
    ' base FILE hidden by again: hides everything below it in /etc',
    '/etc/a comes from again',
  ]);
  const linked = image('linked', [etc, entry('etc/x', 'l', { target: 'z' }), entry('etc/x/y')]);
  assert.deepEqual(told('etc/x/y', base, linked), [
    '* linked has a symbolic link to z at /etc/x',
    ' base FILE hidden by linked: has a symbolic link to z at /etc/x',
    '/etc/x/y does not exist: linked has a symbolic link to z at /etc/x',
  ]);
});

test('a disabled layer decides and hides nothing', () => {
  const base = image('base', [etc, entry('etc/a')]);
  const off = { ...image('off', [etc], ['etc/a']), disabled: true };
  assert.deepEqual(told('etc/a', base, off), [
    ' off deletes it, disabled',
    '* base FILE',
    '/etc/a comes from base',
  ]);
  assert.deepEqual(told('etc/a', off), [
    ' off deletes it, disabled',
    '/etc/a does not exist: only disabled layers mention it',
  ]);
});

test('a path that nothing knows is a problem', () => {
  const found = knownBlame(blame('etc/none', [image('base', [etc])]));
  assert.ok(!found.ok);
  assert.equal(found.problem.where, '/etc/none');
});

test('paths as people type them', () => {
  const parsed = (text: string) => {
    const path = parseBlamePath(text);
    return path.ok ? path.value : path.problem.kind;
  };
  for (const text of ['etc/a', '/etc/a', './etc//a/', '"/etc/a"']) assert.equal(parsed(text), 'etc/a', text);
  assert.equal(parsed('/'), '.');
  assert.equal(parsed('"/\\377"'), '\udcff');
  for (const text of ['', '..', 'etc/../a']) assert.equal(parsed(text), 'usage', text);
  assert.deepEqual([...blamedPaths('a/b/c')], ['.', 'a', 'a/b', 'a/b/c']);
});
