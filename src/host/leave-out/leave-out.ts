/** Leaves parts out of a tree, and measures what they take where they stay. */
import { createHash } from 'node:crypto';
import {
  type Dirent,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { FIRMWARE_FOLDER } from '../initramfs/firmware.js';
import { driversFor, type Hardware } from '../kernel/hardware.js';
import { parseModuleIndex } from '../kernel/modules.js';
import { readModuleTexts } from '../kernel/texts.js';
import { run } from '../sys/run.js';
import { resolveInTree } from '../sys/tree-files.js';
import { needlessFirmware } from './firmware.js';
import { needlessModules } from './modules.js';
import { PACKAGED_FOLDERS, PARTS, type Part, partOf } from './parts.js';

export interface LeaveOutOptions {
  /** The tree, with the kernel's modules and their index. */
  readonly root: string;
  /** `uname -r` of its kernel. */
  readonly release: string;
  /** The parts to leave out. */
  readonly parts: readonly Part[];
  /** What drivers are for. */
  readonly hardware: Hardware;
  /** Names of modules that stay whatever the hardware is. */
  readonly needed: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** What a part comes to. */
export interface Saving {
  readonly leftOut: boolean;
  /** Bytes of its files, each rounded up to whole pages as in RAM: saved, or what leaving it out would save. */
  readonly bytes: number;
}
export type Savings = Readonly<Record<Part, Saving>>;

/** Bytes of a page: the least that a file takes in RAM. */
const PAGE = 4096;

/** Remove the parts from the tree. Tells what each part takes, the others too. */
export async function leaveOut(options: LeaveOutOptions): Promise<Result<Savings>> {
  const { root, release, parts, signal } = options;
  const packaged = packagedFiles(root);
  const modules = await uselessModules(options);
  if (!modules.ok) return modules;
  const firmware = await uselessFirmware(options, parts.includes('modules') ? modules.value : []);
  if (!firmware.ok) return firmware;
  const files: Readonly<Record<Part, readonly string[]>> = {
    ...{ docs: packaged.docs, locales: packaged.locales },
    ...{ modules: modules.value, firmware: firmware.value },
  };
  const measured = PARTS.map((part): [Part, Saving] => {
    const bytes = files[part].reduce((sum, path) => sum + pagesOf(path), 0);
    return [part, { leftOut: parts.includes(part), bytes }];
  });
  for (const part of parts) for (const path of files[part]) removeFile(path);
  if (parts.includes('docs') || parts.includes('locales')) removeEmpty(root);
  if (!parts.includes('modules')) return ok(Object.fromEntries(measured) as Savings);
  const indexed = await run({ file: 'chroot', args: [root, 'depmod', release] }, { signal });
  return indexed.ok ? ok(Object.fromEntries(measured) as Savings) : indexed;
}

/** Names what decides which modules and firmware go: an input of the stage that leaves them out. */
export function hardwareDigest({ modaliases, loaded }: Hardware): string {
  return createHash('sha256')
    .update(JSON.stringify([modaliases, loaded]))
    .digest('hex')
    .slice(0, 20);
}

/** Files of packages that are documentation or translations, as paths on this host. */
function packagedFiles(root: string): { docs: string[]; locales: string[] } {
  const found = { docs: [] as string[], locales: [] as string[] };
  for (const folder of PACKAGED_FOLDERS) {
    for (const path of filesIn(resolveInTree(root, folder))) {
      const part = partOf(join(folder, relative(resolveInTree(root, folder), path)));
      if (part !== undefined) found[part].push(path);
    }
  }
  return found;
}

async function uselessModules(options: LeaveOutOptions): Promise<Result<string[]>> {
  const { root, release, parts, hardware, needed, signal } = options;
  if (hardware.modaliases.length === 0) {
    if (!parts.includes('modules')) return ok([]);
    return err({
      what: 'cannot tell which kernel modules this machine needs',
      where: '/sys/bus/*/devices/*/uevent',
      why: 'no device is told there',
      next: "build where this machine's /sys is mounted, or without leaving out modules",
    });
  }
  const folder = moduleFolder(root, release);
  const texts = await readModuleTexts(folder, release);
  if (!texts.ok) return texts;
  const present = await driversFor(hardware, root, release, signal);
  if (!present.ok) return present;
  const paths = needlessModules(parseModuleIndex(texts.value), present.value, needed);
  return ok(paths.map((path) => join(folder, path)));
}

/** Firmware that no module asks for, once those in `gone` are. */
async function uselessFirmware(options: LeaveOutOptions, gone: readonly string[]): Promise<Result<string[]>> {
  const { root, release, signal } = options;
  const folder = resolveInTree(root, `/${FIRMWARE_FOLDER}`);
  const paths = filesIn(folder).map((path) => relative(folder, path));
  if (paths.length === 0) return ok([]);
  const modules = moduleFolder(root, release);
  const absent = new Set(gone);
  const left = filesIn(modules).filter((path) => /\.ko(\.\w+)?$/.test(path) && !absent.has(path));
  const asked: string[] = builtinFirmware(join(modules, 'modules.builtin.modinfo'));
  for (let i = 0; i < left.length; i += BATCH) {
    const names = left.slice(i, i + BATCH).map((path) => `/${relative(root, path)}`);
    const args = [root, 'modinfo', '--field', 'firmware', ...names];
    const told = await run({ file: 'chroot', args }, { signal });
    if (!told.ok) return told;
    asked.push(...told.value.stdout.split('\n').filter((name) => name !== ''));
  }
  const needless = new Set(needlessFirmware(paths, asked));
  for (const path of paths) if (!needless.has(path)) keepTarget(folder, path, needless);
  return ok([...needless].map((path) => join(folder, path)));
}

/** Most modules asked at a time: an argument list has a limit. */
const BATCH = 1000;

/** A kept name that is a link keeps what it points to, file or folder. */
function keepTarget(folder: string, path: string, needless: Set<string>): void {
  for (let at = path, hops = 0; hops < 40; hops++) {
    const real = join(folder, at);
    if (lstatSync(real, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
    at = normalize(join(dirname(at), readlinkSync(real)));
    for (const other of needless) {
      if (other === at || other.startsWith(`${at}/`)) needless.delete(other);
    }
  }
}

/** What built-in modules ask for: `MODULE.firmware=NAME`, each ended by NUL (kernel's Documentation/kbuild/kbuild.rst). */
function builtinFirmware(path: string): string[] {
  if (!existsSync(path)) return [];
  const fields = readFileSync(path, 'latin1').split('\0');
  return fields.flatMap((field) => /^[^.=]+\.firmware=(.+)$/.exec(field)?.[1] ?? []);
}

function moduleFolder(root: string, release: string): string {
  return resolveInTree(root, `/usr/lib/modules/${release}`);
}

/** All files and links below a folder, in byte order. */
function filesIn(folder: string): string[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return entriesIn(folder)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function entriesIn(folder: string): Dirent[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' });
}

function pagesOf(path: string): number {
  const info = lstatSync(path, { throwIfNoEntry: false });
  return info?.isFile() === true ? Math.ceil(info.size / PAGE) * PAGE : 0;
}

function removeFile(path: string): void {
  rmSync(path, { force: true });
}

/** Sections of the manual: packages link into them without looking whether they are there (update-alternatives(1)). */
const KEPT_FOLDERS = /^\/usr\/share\/man\/man[^/]*$/;

/** Remove folders in which nothing is left. */
function removeEmpty(root: string): void {
  for (const folder of PACKAGED_FOLDERS) {
    const real = resolveInTree(root, folder);
    if (!existsSync(real)) continue;
    const folders = entriesIn(real)
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
    // The deepest first.
    for (const path of folders.sort().reverse()) {
      if (!KEPT_FOLDERS.test(`${folder}/${relative(real, path)}`) && readdirSync(path).length === 0)
        rmdirSync(path);
    }
  }
}
