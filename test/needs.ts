/** What tests need, as their imports tell: a test that reaches one of these modules needs what stands behind it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The modules, by their compiled paths, that only tests import which boot machines, or read the images of the shared build. */
const MODULES = { images: 'cli/images.js', machines: 'vm/harness.js' } as const;
export type Need = keyof typeof MODULES;

/** What a compiled test needs. Paths are below `folder`, where all of them lie. */
export function needsOf(folder: string, test: string): Set<Need> {
  const reached = new Set<string>();
  const waiting = [test];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const target of importsOf(readFileSync(join(folder, path), 'utf8'))) {
      const module = normalize(join(dirname(path), target));
      // What only looks like an import, as in the tests of the boundaries, names no file.
      if (!module.startsWith('..') && existsSync(join(folder, module))) waiting.push(module);
    }
  }
  const needs = (Object.keys(MODULES) as Need[]).filter((need) => reached.has(MODULES[need]));
  return new Set(needs);
}

/** The relative modules that compiled code imports, also while it runs. */
function importsOf(code: string): string[] {
  const imports = /\b(?:from|import\(?) ?['"](\.{1,2}\/[\w./-]+\.js)['"]/g;
  return [...code.matchAll(imports)].map(([, target = '']) => target);
}
