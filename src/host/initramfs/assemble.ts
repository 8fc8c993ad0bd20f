/** Assembles the tree of the initramfs. Packing it is another step. */
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, cp, mkdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import { renderInitramfsManifest } from '../../core/boot/initramfs.js';
import { INITRAMFS, type StorageKind } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { removeTree } from '../sys/remove.js';
import { run } from '../sys/run.js';
import { resolveInTree } from '../sys/tree-files.js';
import { ALWAYS_LOADED, APPLETS, COPIED_FOLDERS, PROGRAMS, type Program } from './contents.js';
import { installFirmware } from './firmware.js';
import { installModules } from './install-modules.js';
import { installKeymap } from './keymap.js';
import { libraryClosure } from './libraries.js';
import { storagePrograms } from './storage.js';

export interface InitramfsInputs {
  /** Tree with the tools' packages unpacked, usr-merged (`mmdebstrap --variant=extract`). */
  readonly tools: string;
  /** Folder with the kernel's modules, `.../lib/modules/RELEASE`, with the files of depmod. */
  readonly modules: string;
  /** Names of the wanted modules. */
  readonly wanted: readonly string[];
  /** Additional programs, by their paths in the tree at `root`. */
  readonly binaries: readonly string[];
  /** The tree being built: the firmware that the modules name is copied from it. */
  readonly root: string;
  /** `uname -r` of that kernel. */
  readonly release: string;
  /** The bundled init program. */
  readonly program: string;
  /** The stub that becomes `/init`. */
  readonly stub: string;
  /** The folder to create; earlier content is removed. */
  readonly target: string;
  readonly mkma: string;
  readonly suite: string;
  /** Debian's name of the architecture. */
  readonly architecture: string;
  /** Whether early boot gives the whole root one device number. */
  readonly xino: boolean;
  /** Kinds of storage that it can open, besides plain file systems. */
  readonly storage: readonly StorageKind[];
  /** Name of the machine's keyboard layout, if it has one. */
  readonly keyboard?: string | undefined;
  readonly keepKey: boolean;
  readonly encryptedShell: boolean;
}

/** Builds the tree of the initramfs at `target`. Needs root: depmod of the tools runs inside the tree. */
export async function assembleInitramfs(inputs: InitramfsInputs, context: Context): Promise<Result<void>> {
  const { target, tools } = inputs;
  removeTree(target);
  await makeSkeleton(target);
  const programs = await installPrograms(tools, target, [...PROGRAMS, ...storagePrograms(inputs.storage)]);
  if (!programs.ok) return programs;
  const further = await installBinaries(inputs);
  if (!further.ok) return further;
  const keymap = inputs.storage.includes('luks')
    ? await installKeymap(inputs.root, target, context.signal)
    : ok(false);
  if (!keymap.ok) return keymap;
  await installMkma(inputs, keymap.value);
  const modules = await installModules(inputs, context);
  if (!modules.ok) return modules;
  const depmod = await run(
    { file: 'chroot', args: [target, '/usr/sbin/depmod', inputs.release] },
    { signal: context.signal },
  );
  if (!depmod.ok) return depmod;
  return installFirmware({ root: inputs.root, target, modules: modules.value }, context);
}

/** Folders, and the symlinks of a merged /usr. Modes do not depend on the caller's umask. */
async function makeSkeleton(target: string): Promise<void> {
  const folders = [
    'dev',
    'etc',
    'mkma',
    'proc',
    'root',
    'run',
    'sys',
    'tmp',
    'usr/bin',
    'usr/sbin',
    'usr/lib',
  ];
  for (const folder of ['.', 'usr', ...folders, 'usr/lib64']) {
    await mkdir(join(target, folder), { recursive: true });
    await chmod(join(target, folder), 0o755);
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(target, name));
  await writeNew(target, 'etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  await writeNew(target, 'etc/group', 'root:x:0:\n');
}

async function installPrograms(
  tools: string,
  target: string,
  programs: readonly Program[],
): Promise<Result<void>> {
  const paths = programs.map((program) => program.path);
  for (const path of paths) {
    const there = await stat(join(tools, path)).catch(() => undefined);
    if (there === undefined) {
      return err({
        code: 'tools-incomplete',
        what: 'a program is missing in the tools tree',
        where: join(tools, path),
        next: 'create the tools tree with the packages that contents.ts lists',
      });
    }
  }
  const libraries = await libraryClosure(tools, paths);
  if (!libraries.ok) return libraries;
  await installOnce(tools, target, [...paths, ...libraries.value]);
  for (const { path, links } of programs) for (const link of links ?? []) await linkTo(target, link, path);
  const named = programs.flatMap(({ path, links }) => [path, ...(links ?? [])]);
  // Programs elsewhere are only started by path.
  const own = new Set(named.filter((path) => /^usr\/s?bin\//.test(path)).map((path) => posix.basename(path)));
  for (const applet of APPLETS) {
    if (own.has(applet)) throw new Error(`applet ${applet} would hide a program of the same name`);
    await linkTo(target, `usr/bin/${applet}`, 'usr/bin/busybox');
  }
  for (const folder of COPIED_FOLDERS) {
    await cp(join(tools, folder), join(target, folder), { recursive: true }).catch(absent);
  }
  return ok();
}

/** The problem of a program that the definition names, and that early boot could not start. */
function unusable({ what, where, why }: Problem): Problem {
  return {
    ...{ kind: 'usage', code: 'binary-unusable', what: 'a program cannot be part of early boot' },
    where: 'initramfs.binaries',
    field: ['initramfs', 'binaries'],
    why: [`${what}: ${where}`, why].filter(Boolean).join('\n'),
    next: 'name ELF programs whose libraries are in the machine',
  };
}

/**
 * Programs of the machine with their libraries, beside early boot's own: both trees are from the same suite.
 */
async function installBinaries({ root, target, binaries }: InitramfsInputs): Promise<Result<void>> {
  const paths: string[] = [];
  for (const binary of binaries) {
    const real = await realpath(resolveInTree(root, binary, true)).catch(() => undefined);
    if (real === undefined || !real.startsWith(`${root}/`)) {
      return err({
        code: 'binary-missing',
        kind: 'usage',
        what: 'a program is missing in the machine',
        where: `initramfs.binaries: ${binary}`,
        field: ['initramfs', 'binaries', binaries.indexOf(binary)],
        next: 'add the package that provides it',
      });
    }
    const path = relative(root, resolveInTree(root, binary));
    await rm(join(target, path), { force: true });
    await install(real, target, path, 0o755);
    paths.push(relative(root, real));
  }
  const libraries = await libraryClosure(root, paths);
  if (!libraries.ok) return err(unusable(libraries.problem));
  await installOnce(root, target, [...libraries.value.filter((path) => !existsSync(join(target, path)))]);
  return ok();
}

async function installMkma(inputs: InitramfsInputs, hasKeymap: boolean): Promise<void> {
  const { target } = inputs;
  await install(inputs.stub, target, 'init', 0o755);
  await install(inputs.program, target, INITRAMFS.program, 0o644);
  await writeNew(target, INITRAMFS.modules, ALWAYS_LOADED.map((name) => `${name}\n`).join(''));
  const { mkma, suite, architecture, release, xino } = inputs;
  const { storage, keyboard, keepKey, encryptedShell } = inputs;
  const manifest = renderInitramfsManifest({
    ...{ mkma, suite, architecture, kernelRelease: release },
    ...(xino ? {} : { xino }),
    ...(storage.length === 0 ? {} : { storage }),
    ...(hasKeymap && keyboard !== undefined ? { keyboard } : {}),
    ...(keepKey && storage.includes('luks') ? { keepKey } : {}),
  });
  await writeNew(target, INITRAMFS.manifest, manifest);
  if (encryptedShell) await writeNew(target, INITRAMFS.shellAllowed, '');
}

/** Copies a file; of a symlink, its target. */
async function install(from: string, target: string, path: string, mode: number): Promise<void> {
  const to = join(target, path);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  // Some versions of Node.js give the copy to the owner of the original, where they may.
  if (process.getuid?.() === 0) await chown(to, 0, 0);
  await chmod(to, mode);
}

/**
 * Copies programs and libraries; a second name of the same file (the loader has two) becomes a symlink to the
 * first.
 */
async function installOnce(tools: string, target: string, paths: readonly string[]): Promise<void> {
  const names = new Map<string, string>();
  for (const path of paths) {
    const real = await realpath(join(tools, path));
    const first = names.get(real);
    if (first === undefined) await install(real, target, path, 0o755);
    else await linkTo(target, path, first);
    names.set(real, first ?? path);
  }
}

async function linkTo(target: string, link: string, program: string): Promise<void> {
  await symlink(posix.relative(posix.dirname(link), program), join(target, link));
}

async function writeNew(target: string, path: string, text: string): Promise<void> {
  await writeFile(join(target, path), text);
  await chmod(join(target, path), 0o644);
}

function absent(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'ENOENT') throw cause;
}
