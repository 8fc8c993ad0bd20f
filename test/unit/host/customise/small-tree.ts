/** A small tree to put the files of a definition into. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeFiles } from '../../../../src/host/customise/place-files.js';
import { Tree } from '../../../../src/host/customise/tree.js';
import {
  type MachineConfig,
  type MachineInput,
  machineSchema,
} from '../../../../src/host/definition/machine.js';
import type { TreeOwner } from '../../../../src/host/sys/tree-files.js';

export const machine = (fields: MachineInput): MachineConfig =>
  machineSchema.parse({ hostname: 'box', ...fields });

/** Make the tree `root` in a folder, with users and groups; `anna` has these numbers. */
export function smallTree(folder: string, anna: TreeOwner): Tree {
  const root = join(folder, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'usr/lib'), { recursive: true });
  symlinkSync('usr/lib', join(root, 'lib'));
  writeFileSync(
    join(root, 'etc/passwd'),
    `root:x:0:0:root:/root:/bin/bash\nanna:x:${anna.uid}:${anna.gid}::/home/anna:/bin/bash\nsync:x:998:998::/:/usr/sbin/nologin\n`,
  );
  writeFileSync(join(root, 'etc/group'), `root:x:0:\nanna:x:${anna.gid}:\nwww-data:x:33:anna\n`);
  const context = { emit: () => undefined, signal: new AbortController().signal };
  return new Tree(root, context, 1000);
}

/** Put files into a {@link smallTree}. */
export function placed(
  folder: string,
  anna: TreeOwner,
  files: MachineInput['files'],
): { root: string; problem?: string | undefined } {
  const at = smallTree(folder, anna);
  const done = placeFiles(at, machine({ files }));
  return { root: at.root, problem: done.ok ? undefined : `${done.problem.what}: ${done.problem.where}` };
}
