/** Copies the selected kernel modules into the initramfs and decompresses them. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { parseModuleIndex, selectModules } from '../kernel/modules.js';
import { readModuleTexts } from '../kernel/texts.js';
import { run } from '../sys/run.js';

interface Inputs {
  /** Folder with the kernel's modules. */
  readonly modules: string;
  readonly release: string;
  readonly target: string;
  /** Names of the modules. */
  readonly wanted: readonly string[];
}

/** How compressed modules are decompressed in place: one call for each kind. */
const DECOMPRESSORS: Readonly<Record<string, readonly string[]>> = {
  '.xz': ['xz', '--decompress', '--quiet', '--'],
  '.zst': ['zstd', '--decompress', '--rm', '--quiet', '--'],
  '.gz': ['gzip', '--decompress', '--quiet', '--'],
};

/** What depmod reads from the kernel's build besides the modules themselves. */
const BUILD_FILES = ['modules.order', 'modules.builtin', 'modules.builtin.modinfo'];

/**
 * Copies the wanted modules and all they need to `target/usr/lib/modules/RELEASE`. depmod has yet to run
 * there. Warns of those that this kernel lacks. Resolves to the modules' paths in the target.
 */
export async function installModules(inputs: Inputs, context: Context): Promise<Result<string[]>> {
  const texts = await readModuleTexts(inputs.modules, inputs.release);
  if (!texts.ok) return texts;
  const index = parseModuleIndex(texts.value);
  const selection = selectModules(index, inputs.wanted);
  const folder = join(inputs.target, 'usr/lib/modules', inputs.release);
  for (const path of selection.paths) await copyInto(inputs.modules, folder, path);
  for (const name of BUILD_FILES) {
    if (existsSync(join(inputs.modules, name))) await copyInto(inputs.modules, folder, name);
  }
  for (const [suffix, argv] of Object.entries(DECOMPRESSORS)) {
    const paths = selection.paths.filter((path) => path.endsWith(suffix));
    if (paths.length === 0) continue;
    const [file, ...args] = [...argv, ...paths] as [string, ...string[]];
    const done = await run({ file, args, cwd: folder }, { signal: context.signal });
    if (!done.ok) return done;
  }
  if (selection.missing.length > 0) {
    context.emit({ type: 'warning', problem: missingModules(inputs.release, selection.missing) });
  }
  const decompressed = (path: string): string => path.replace(/\.(xz|zst|gz)$/, '');
  return ok(selection.paths.map((path) => join('usr/lib/modules', inputs.release, decompressed(path))));
}

function missingModules(release: string, names: readonly string[]): Problem {
  return {
    code: 'modules-missing',
    what: 'this kernel lacks modules that early boot carries for generic machines',
    where: `kernel ${release}`,
    why: `neither modules nor built in: ${names.join(' ')}`,
    next: 'if the machine needs one of them to reach its storage or keyboard, use another kernel',
  };
}

async function copyInto(from: string, to: string, path: string): Promise<void> {
  await mkdir(dirname(join(to, path)), { recursive: true });
  await copyFile(join(from, path), join(to, path));
  await chmod(join(to, path), 0o644);
}
