/** Whether adding packages gives what installing all of them at once would. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CacheEntry } from '../../stages/cache.js';
import { parseSimulation } from '../../tools/apt-increment.js';
import { ifThere } from '../../trees/if-there.js';
import { type LowerTree, TREE_IN_LOWER } from '../../trees/lower.js';
import { KERNEL_DEBS } from './kernel.js';
import { LIST } from './part.js';

/** How many names a reason lists. */
const NAMED = 3;

function named(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

/** Packages that build or bring kernels: what they do depends on all others. */
const OF_KERNELS = /^(linux-(image|headers|kbuild)-|dkms$|.*-dkms$|initramfs-tools|dracut)/;

/**
 * Why adding would not give what installing all would, as apt simulates both; `undefined`: it would, as far
 * as the packages and their versions go.
 */
export function disturbance(answers: ReadonlyMap<string, string>, parent: CacheEntry): string | undefined {
  const all = parseSimulation(answers.get('all') ?? '');
  const more = parseSimulation(answers.get('more') ?? '');
  if (more.disturbed.length > 0) return `it replaces or removes ${named(more.disturbed)}`;
  const ofKernels = more.installed.filter((one) => OF_KERNELS.test(one));
  if (ofKernels.length > 0) return `it brings ${named(ofKernels)}`;
  const lines = readFileSync(join(parent.path, LIST), 'utf8').split('\n');
  const installed = lines.filter((line) => line !== '' && !line.startsWith('kernel '));
  const present = installed.map((line) => line.split(' ').slice(0, 2).join(' '));
  const together = new Set([...present, ...more.installed]);
  const wanted = new Set(all.installed);
  const newer = [...wanted].filter((one) => !together.has(one));
  if (newer.length > 0) return `the mirror has other versions or packages now: ${named(newer)}`;
  const absent = [...together].filter((one) => !wanted.has(one));
  if (absent.length > 0) return `together, other packages would be chosen: not ${named(absent)}`;
  return kernelDiffers(answers.get('kernel') ?? '', parent) ? 'the mirror has another kernel now' : undefined;
}

/** `answer`: the names of the files that the mirror has of the parent's kernel now. */
function kernelDiffers(answer: string, { path }: CacheEntry): boolean {
  const file = join(path, KERNEL_DEBS);
  if (!existsSync(file)) return false;
  const kept = [...readFileSync(file, 'utf8').matchAll(/\.\/(\S+)$/gm)].map(([, name = '']) => plain(name));
  const now = answer.split('\n').filter(Boolean).map(plain);
  return kept.sort().join() !== now.sort().join();
}

/** A package's file without its epoch, which only the file that apt stores has in its name. */
function plain(name: string): string {
  return name.replace(/_\d+%3a/, '_');
}

/**
 * A script of a package that was there before which asks for a file or command of a new one: it would have
 * found it, had all been installed at once. Returns the reason; `undefined`: there is none.
 */
export function mentioned(root: string, upper: string, lowers: readonly LowerTree[]): string | undefined {
  const info = 'var/lib/dpkg/info';
  const added = readdirSync(join(upper, info)).filter((name) => name.endsWith('.list'));
  const before = new Set(lowers.flatMap(({ path }) => namesIn(join(path, TREE_IN_LOWER, info))));
  const files = added
    .filter((name) => !before.has(name))
    .flatMap((name) => readFileSync(join(root, info, name), 'utf8').split('\n'));
  const commands = new Set(
    files.filter((path) => /\/s?bin\/[^/]+$/.test(path)).map((path) => basename(path)),
  );
  const trees = lowers.map(({ path }) => join(path, TREE_IN_LOWER));
  const isNew = (path: string): boolean => !trees.some((tree) => ifThere(tree, path.slice(1)) !== undefined);
  const paths = new Set(files.filter((path) => path.length > 2 && isNew(path)));
  for (const name of [...before].filter((one) => /\.(preinst|postinst|config)$/.test(one))) {
    const text = readFileSync(join(root, info, name), 'utf8');
    const asked = [
      ...[...text.matchAll(/\b(?:command -v|which|type|hash)\s+["']?([\w.+-]+)/g)]
        .map(([, command = '']) => command)
        .filter((command) => commands.has(command)),
      ...[...text.matchAll(/(?:-[efxds]|test -\w)\s+["']?(\/[\w./+-]+)/g)]
        .map(([, path = '']) => path)
        .filter((path) => paths.has(path) || paths.has(`/usr${path}`)),
    ];
    if (asked[0] !== undefined)
      return `${name.replace(/\.\w+$/, '')} asks for ${asked[0]} when it is installed`;
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
