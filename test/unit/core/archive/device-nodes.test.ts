import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  absentNodes,
  type DeviceNode,
  nodesOfTarball,
  withNodes,
} from '../../../../src/core/archive/device-nodes.js';
import { parseTree } from '../../../../src/core/archive/tree.js';

/** A member of a tar archive, as mmdebstrap writes those of /dev. */
function member(
  name: string,
  type: string,
  mode: string,
  device: readonly [number, number] = [0, 0],
): string {
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const parts: [number, string][] = [
    [0, name],
    [100, `${mode.padStart(7, '0')}\0`],
    [108, octal(0, 8) + octal(5, 8) + octal(0, 12) + octal(1764500000, 12)],
    [156, type],
    [257, 'ustar  \0'],
    [329, octal(device[0], 8) + octal(device[1], 8)],
  ];
  let text = '';
  for (const [at, part] of parts) text = text.padEnd(at, '\0') + part;
  return text.padEnd(512, '\0');
}

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (ch) => ch.charCodeAt(0));

const NULL: DeviceNode = {
  ...{ path: 'dev/null', type: 'c', mode: 0o666, uid: 0, gid: 5, mtime: 1764500000 },
  ...{ major: 1, minor: 3 },
};

test('device nodes are those at the start of a tarball, without links, folders and later members', () => {
  const tar = bytes(
    member('./dev/', '5', '755') +
      member('./dev/null', '3', '666', [1, 3]) +
      member('./dev/fd', '2', '777') +
      member('./dev/sda', '4', '660', [8, 300]) +
      member('./', '5', '755') +
      member('./dev/zero', '3', '666', [1, 5]),
  );
  const disk = { ...NULL, path: 'dev/sda', type: 'b', mode: 0o660, major: 8, minor: 300 };
  assert.deepEqual(nodesOfTarball(tar), [NULL, disk]);
  assert.deepEqual(nodesOfTarball(tar.subarray(0, 1600)), [NULL]);
  assert.deepEqual(nodesOfTarball(bytes(member('./', '5', '755'))), []);
});

test('a tree gets the nodes that it lacks, between its own files; what it has of that name stays', () => {
  const line = (type: string, path: string) => `${type} 755 0 0 1 1 7 0 0 0.0 0 ${path}//\0`;
  const tree = parseTree(
    ['', 'dev', 'dev/log', 'dev/zero'].map((path) => line(path === 'dev/zero' ? 'f' : 'd', path)).join(''),
  );
  const nodes = ['dev/null', 'dev/zero', 'other/null'].map((path) => ({ ...NULL, path }));
  const absent = absentNodes(tree, nodes);
  assert.deepEqual(absent, [NULL]);
  const all = withNodes(tree, absent);
  assert.deepEqual(
    all.map(({ path, type }) => `${type} ${path}`),
    ['d .', 'd dev', 'd dev/log', 'c dev/null', 'f dev/zero'],
  );
  assert.equal(withNodes(tree, []), tree);
});
