/** Damaged images and manifests, ten thousand of each: a clear refusal or an equal result, never a crash. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderAttributes } from '../../../src/core/archive/attributes.js';
import { whiteoutArchive } from '../../../src/core/archive/cpio.js';
import { encodeHead, readImageInfo } from '../../../src/core/image/image.js';
import { type LayerManifest, type Manifest, parseManifest } from '../../../src/core/image/manifest.js';
import { concatBytes } from '../../../src/core/text/bytes.js';
import { BASE, imageFile } from './sample.js';

const RUNS = 10_000;

const MANIFEST: LayerManifest = {
  ...BASE,
  kind: 'layer',
  needs: ['attributes'],
  segments: [
    { size: 40, bytes: 400, frames: 1, records: 2, sha256: 'cd'.repeat(32) },
    { size: 20, bytes: 124, frames: 1, records: 0, sha256: 'ef'.repeat(32) },
  ],
  attributes: [{ path: 'usr/b\udcff', values: { 'security.capability': 'AQAA', 'user.a': '' } }],
  layer: { base: `sha256:${'12'.repeat(32)}`, deletions: ['etc/issue'], opaque: ['usr/share'] },
};

/** What happens to a file: bytes changed, cut off, left out, or doubled. */
const damage = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'remove', 'double', 'zero'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 64 }),
  mask: fc.integer({ min: 1, max: 255 }),
});

function spoil(
  bytes: Uint8Array,
  { kind, at, length, mask }: { kind: string; at: number; length: number; mask: number },
) {
  const from = at % bytes.length;
  const [before, part, after] = [
    bytes.slice(0, from),
    bytes.slice(from, from + length),
    bytes.slice(from + length),
  ];
  if (kind === 'cut') return before;
  if (kind === 'remove') return concatBytes([before, after]);
  if (kind === 'double') return concatBytes([before, part, part, after]);
  if (kind === 'zero') return concatBytes([before, part.fill(0), after]);
  part[0] = (part[0] ?? 0) ^ mask;
  return concatBytes([before, part, after]);
}

test('a damaged image is refused, is no image of mkma any more, or tells the very same', () => {
  const whole = imageFile(MANIFEST);
  let refused = 0;
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (list) => {
      const bytes = list.reduce((now, one) => (now.length === 0 ? now : spoil(now, one)), whole);
      const got = readImageInfo((offset, length) => bytes.slice(offset, offset + length), bytes.length);
      if (!got.ok) {
        refused++;
        assert.ok(got.problem.what && got.problem.why && got.problem.next);
      } else if (got.value.manifest !== undefined) assert.deepEqual(got.value.manifest, MANIFEST);
      else assert.ok(!startsAsImage(bytes), 'an image became a plain archive by its end alone');
    }),
    { numRuns: RUNS },
  );
  assert.ok(refused > RUNS / 4, `only ${refused} were refused`);
});

function startsAsImage(bytes: Uint8Array): boolean {
  return encodeHead().every((byte, i) => bytes[i] === byte);
}

/** Values to put in the place of any in a manifest, paths that lead elsewhere among them. */
const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    '..',
    '../../etc/passwd',
    '/etc/passwd',
    'a//b',
    'a/./b',
    'a\0b',
    '',
    '.',
    'a/..',
    '\ud800',
    '\udc41',
  ),
  fc.constantFrom(-1, 1.5, 2 ** 53, 1e308, Number.MAX_SAFE_INTEGER),
);

/** An absolute path, an empty part, `.` or `..`, a NUL: whatever leads elsewhere or is no path. */
const LEADS_OUT = /^$|\0|(^|\/)(\.{0,2})(\/|$)/;

/** Every place in a value, as the keys that lead there. */
function places(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy: Record<string, unknown> = Array.isArray(value)
    ? ([...value] as never)
    : { ...(value as object) };
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

test('a manifest with anything anywhere is refused, or leads nowhere outside the tree', () => {
  const all = places(MANIFEST);
  let accepted = 0;
  fc.assert(
    fc.property(fc.nat(all.length - 1), anything, (place, by) => {
      const got = parseManifest(JSON.stringify(replaced(MANIFEST, all[place] as string[], by)));
      if (!got.ok) return void assert.ok(got.problem.what && got.problem.why && got.problem.next);
      accepted++;
      const manifest: Manifest = got.value;
      const { deletions, opaque } =
        manifest.kind === 'layer' ? manifest.layer : { deletions: [], opaque: [] };
      const paths = manifest.attributes.map(({ path }) => path).filter((path) => path !== '.');
      for (const path of [...paths, ...deletions, ...opaque]) assert.doesNotMatch(path, LEADS_OUT);
      // What the programs that set all this are given to read can be written.
      whiteoutArchive(deletions);
      renderAttributes(manifest.attributes);
    }),
    { numRuns: RUNS },
  );
  assert.ok(accepted > 0 && accepted < RUNS / 2, `${accepted} were accepted`);
});
