/** Leaves parts out of a tree, and measures the size of those that stay. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { PARTS, type Part } from '../definition/choices.js';
import { driversFor, type Hardware } from '../hardware/host-hardware.js';
import { FIRMWARE_FOLDER } from '../initramfs/firmware.js';
import { builtinFirmware } from '../kernel/builtin.js';
import { indexModules } from '../kernel/depmod.js';
import { moduleName, noSuchModule, parseModuleIndex } from '../kernel/modules.js';
import { readModuleTexts } from '../kernel/texts.js';
import { removeEmptyFolder, removeTree } from '../sys/remove.js';
import { run } from '../sys/run.js';
import { findInTree, resolveInTree } from '../sys/tree-files.js';
import { below } from '../sys/walk.js';
import { needlessFirmware } from './firmware.js';
import { needlessModules } from './modules.js';
import { PACKAGED_FOLDERS, partOf } from './parts.js';

export interface LeaveOutOptions {
  /** The tree, with the kernel's modules and their index. */
  readonly root: string;
  /** `uname -r` of its kernel. */
  readonly release: string;
  /** The parts to leave out. */
  readonly parts: readonly Part[];
  /** What drivers are for. */
  readonly hardware: Hardware;
  /** Names of modules that stay whatever the hardware. */
  readonly needed: readonly string[];
  /** Those that the definition keeps: they must exist. */
  readonly kept?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The size of a part. */
interface Saving {
  readonly leftOut: boolean;
  /**
   * Bytes of its files, each rounded up to whole pages as in RAM: saved, or to be saved by leaving it out.
   */
  readonly bytes: number;
}
export type Savings = Readonly<Record<Part, Saving>>;

/** Bytes of a page: the minimum that a file takes in RAM. */
const PAGE = 4096;

/** Removes the parts from the tree. Resolves to the size of each part, also of those that stay. */
export async function leaveOut(options: LeaveOutOptions): Promise<Result<Savings>> {
  const { root, release, parts, signal } = options;
  const packaged = packagedFiles(root);
  const modules = await uselessModules(options);
  if (!modules.ok) return modules;
  const firmware = await uselessFirmware(options, modules.value);
  if (!firmware.ok) return firmware;
  const files: Readonly<Record<Part, readonly string[]>> = {
    ...{ docs: packaged.docs, locales: packaged.locales },
    ...{ modules: modules.value, firmware: firmware.value },
  };
  const measured = PARTS.map((part): [Part, Saving] => {
    const bytes = files[part].reduce((sum, path) => sum + pagesOf(path), 0);
    return [part, { leftOut: parts.includes(part), bytes }];
  });
  for (const part of parts) for (const path of files[part]) removeTree(path, root);
  if (parts.includes('docs') || parts.includes('locales')) removeEmpty(root);
  if (!parts.includes('modules')) return ok(Object.fromEntries(measured) as Savings);
  const indexed = await indexModules(root, release, signal);
  return indexed.ok ? ok(Object.fromEntries(measured) as Savings) : indexed;
}

/** Files of packages that are documentation or translations, as paths on this host. */
function packagedFiles(root: string): { docs: string[]; locales: string[] } {
  const found = { docs: [] as string[], locales: [] as string[] };
  for (const folder of PACKAGED_FOLDERS) {
    const real = resolveInTree(root, folder);
    for (const path of below(real).files) {
      const part = partOf(join(folder, relative(real, path)));
      if (part !== undefined && !isPackageLink(folder, real, path)) found[part].push(path);
    }
  }
  return found;
}

/** Whether it is a package's symlink to the folder of another one, which contains their licence. */
function isPackageLink(folder: string, real: string, path: string): boolean {
  if (folder !== '/usr/share/doc' || dirname(path) !== real) return false;
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

async function uselessModules(options: LeaveOutOptions): Promise<Result<string[]>> {
  const { root, release, parts, hardware, needed, kept = [], signal } = options;
  if (hardware.modaliases.length === 0) {
    if (!parts.some((part) => part === 'modules' || part === 'firmware')) return ok([]);
    return err({
      code: 'devices-unknown',
      what: 'cannot determine which kernel modules this machine needs',
      where: '/sys/bus/*/devices/*/uevent',
      why: 'no device is listed there',
      next: "build where this machine's /sys is mounted, or do not leave out modules",
    });
  }
  const folder = moduleFolder(root, release);
  const texts = await readModuleTexts(folder, release);
  if (!texts.ok) return texts;
  const present = await driversFor(hardware, root, release, signal);
  if (!present.ok) return present;
  const index = parseModuleIndex(texts.value);
  const unknown = kept.find((name) => !index.files.has(moduleName(name)));
  if (unknown !== undefined) return err(noSuchModule(unknown, ['keepModules'], release));
  const paths = needlessModules(index, present.value, [...needed, ...kept]);
  return ok(paths.map((path) => join(folder, path)));
}

/** Firmware that only modules request which this machine does not need, left out or not. */
async function uselessFirmware(
  { root, release, signal }: LeaveOutOptions,
  modules: readonly string[],
): Promise<Result<string[]>> {
  const folder = resolveInTree(root, `/${FIRMWARE_FOLDER}`);
  const paths = below(folder).files.map((path) => relative(folder, path));
  if (paths.length === 0) return ok([]);
  const all = moduleFolder(root, release);
  const needless = new Set(modules);
  const others = below(all).files.filter((path) => /\.ko(\.\w+)?$/.test(path) && !needless.has(path));
  const byNeedless = await firmwareOf(root, modules, signal);
  if (!byNeedless.ok) return byNeedless;
  const byOthers = await firmwareOf(root, others, signal);
  if (!byOthers.ok) return byOthers;
  byOthers.value.push(...firmwareOfBuiltin(join(all, 'modules.builtin.modinfo')));
  const gone = new Set(needlessFirmware(paths, { byNeedless: byNeedless.value, byOthers: byOthers.value }));
  // A name may be a symlink, or lead through one: its target stays.
  for (const name of [...byOthers.value, ...paths.filter((path) => !gone.has(path))]) {
    for (const ending of ['', '.xz', '.zst']) {
      const real = findInTree(root, `/${relative(root, join(folder, name + ending))}`, true);
      if (real !== undefined) gone.delete(relative(folder, real));
    }
  }
  return ok([...gone].map((path) => join(folder, path)));
}

/** The names in the `firmware` fields of modules. */
async function firmwareOf(
  root: string,
  modules: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Result<string[]>> {
  const asked: string[] = [];
  for (let i = 0; i < modules.length; i += BATCH) {
    const names = modules.slice(i, i + BATCH).map((path) => `/${relative(root, path)}`);
    const args = [root, 'modinfo', '--field', 'firmware', ...names];
    const printed = await run({ file: 'chroot', args }, { signal });
    if (!printed.ok) return printed;
    asked.push(...printed.value.stdout.split('\n').filter((name) => name !== ''));
  }
  return ok(asked);
}

/** Modules passed to one modinfo: an argument list has a limit. */
const BATCH = 1000;

/** Firmware that built-in modules request. */
function firmwareOfBuiltin(path: string): string[] {
  return existsSync(path) ? [...builtinFirmware(readFileSync(path, 'latin1')).values()].flat() : [];
}

function moduleFolder(root: string, release: string): string {
  return resolveInTree(root, `/usr/lib/modules/${release}`);
}

function pagesOf(path: string): number {
  const info = lstatSync(path, { throwIfNoEntry: false });
  return info?.isFile() === true ? Math.ceil(info.size / PAGE) * PAGE : 0;
}

/**
 * Sections of the manual: packages link into them without checking that they exist (update-alternatives(1)).
 */
const KEPT_FOLDERS = /^\/usr\/share\/man\/man[^/]*$/;

/** Removes folders that have become empty. */
function removeEmpty(root: string): void {
  for (const folder of PACKAGED_FOLDERS) {
    const real = resolveInTree(root, folder);
    // The deepest first.
    for (const path of [...below(real).folders].reverse()) {
      if (!KEPT_FOLDERS.test(`${folder}/${relative(real, path)}`)) removeEmptyFolder(path, root);
    }
  }
}
