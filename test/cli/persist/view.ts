/** A tree as text, to be compared: everything that persisting promises to keep. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { walk } from './mutate.js';

/** One line a file, sorted; names in latin1, so that every byte shows. */
export function describeTree(root: string): string[] {
  const top = Buffer.from(root);
  const links = new Map<bigint, number>();
  const lines = [line(top, top, links), ...sorted(top).map((path) => line(path, top, links))];
  return [...lines, ...attributes(root)];
}

function sorted(root: Buffer): Buffer[] {
  return walk(root)
    .map(({ path }) => path)
    .sort(Buffer.compare);
}

function line(path: Buffer, root: Buffer, links: Map<bigint, number>): string {
  const stat = fs.lstatSync(path, { bigint: true });
  const name = path.subarray(root.length).toString('latin1').replaceAll('\n', '\\n');
  const facts = [`${name || '/'}: ${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`];
  if (stat.isFile()) {
    const sum = createHash('sha256').update(fs.readFileSync(path)).digest('hex').slice(0, 16);
    facts.push(`${stat.size} bytes ${sum} ${stat.mtimeMs / 1000n}`);
  }
  if (stat.isSymbolicLink())
    facts.push(`-> ${fs.readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}`);
  if (stat.isCharacterDevice() || stat.isBlockDevice()) facts.push(`device ${stat.rdev}`);
  // Names of one file: numbered in the order in which they are met.
  if (!stat.isDirectory()) {
    const first = links.get(stat.ino) ?? links.size;
    links.set(stat.ino, first);
    facts.push(`file ${first}`);
  }
  return facts.join(' ');
}

function attributes(root: string): string[] {
  const args = [
    '--recursive',
    '--physical',
    '--no-dereference',
    '--dump',
    '--match=-',
    '--encoding=base64',
    '.',
  ];
  const dump = spawnSync('getfattr', args, { cwd: root, encoding: 'latin1' });
  const files = dump.stdout.split('\n\n').filter((text) => text.trim() !== '');
  return files.map((text) => text.split('\n').sort().join(' ')).sort();
}
