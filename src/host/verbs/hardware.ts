/** `mkma doctor --hardware`: what a definition should contain for this machine. */
import { release } from 'node:os';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { type Advice, advise } from '../hardware/advice.js';
import { computerOf } from '../hardware/computer.js';
import { devicesOf } from '../hardware/devices.js';
import { firmwareInLog } from '../hardware/kernel-log.js';
import { type ModuleFolder, moduleFolders, readFirmwareNames, readKernel } from '../hardware/read-kernel.js';
import { diskFiles } from '../hardware/system-files.js';
import { describeComputer, hardwareLines, type Unread } from '../hardware/tell.js';
import { type KernelModules, type Use, usesOf, withNeeded } from '../hardware/uses.js';
import type { Environment } from '../sys/environment.js';
import { runAny } from '../sys/run.js';

export interface HardwareOptions {
  /** The caller's. */
  readonly env: Environment;
  /** Images folder, absolute: the modules in its chroot/ are those that the machine will have. */
  readonly output: string;
}

/** The advice as data, and its lines. */
export interface HardwareReport extends Advice {
  readonly computer: string;
  /** The kernel whose modules were read. */
  readonly kernel: string | null;
  readonly unread: readonly Unread[];
  readonly lines: readonly string[];
}

/** What this machine needs. Only reads, as any user. */
export async function hardware(
  { env, output }: HardwareOptions,
  context: Context,
): Promise<Result<HardwareReport>> {
  const files = diskFiles();
  const computer = computerOf(files);
  const devices = devicesOf(files);
  const chosen = chooseFolder(output);
  const read = chosen === undefined ? undefined : await readKernel(chosen);
  const kernel = read?.ok === true ? read.value : undefined;
  const uses = usesOf(devices, kernel);
  const asked = await askModules(chosen, kernel, uses, { path: env.PATH ?? '', signal: context.signal });
  const log = await readLog(context.signal);
  const advice = advise({ computer, uses, kernel, asked: asked.names, logged: firmwareInLog(log ?? '') });
  const unread: Unread[] = [
    ...[...files.refused].map((path) => ({ what: `cannot read ${path}`, next: AS_ROOT })),
    ...(devices.length === 0 ? [{ what: '/sys/bus lists no device', next: 'mount /sys and try again' }] : []),
    ...(kernel === undefined ? [NO_KERNEL] : []),
    ...asked.unread,
    ...(log === undefined ? [{ what: "this user cannot read the kernel's log", next: AS_ROOT }] : []),
  ];
  const description = describeComputer(computer, uses);
  const name = kernel === undefined || chosen === undefined ? undefined : chosen.folder;
  const lines = hardwareLines({
    ...{ computer: description, virtual: computer.virtual, advice, kernel: name, unread },
  });
  return ok({ computer: description, ...advice, kernel: name ?? null, unread, lines });
}

const AS_ROOT = 'sudo mkma doctor --hardware';
const NO_KERNEL: Unread = {
  what: `found no kernel modules, neither in the images nor of ${release()}: firmware is unknown`,
  next: 'build once (mkma build), then run mkma doctor --hardware --output DIR with its images folder',
};

/** The modules of the images' kernel, or else of the running one. */
function chooseFolder(output: string): ModuleFolder | undefined {
  const built = moduleFolders(join(output, 'chroot')).at(-1);
  return built ?? moduleFolders('/').find((one) => one.release === release());
}

interface Asked {
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly unread: readonly Unread[];
}

async function askModules(
  folder: ModuleFolder | undefined,
  kernel: KernelModules | undefined,
  uses: readonly Use[],
  how: { readonly path: string; readonly signal: AbortSignal },
): Promise<Asked> {
  if (folder === undefined || kernel === undefined) return { names: new Map(), unread: [] };
  const modules = uses.flatMap((use) => use.modules.flatMap((name) => withNeeded(name, kernel.index)));
  const names = await readFirmwareNames(folder, kernel, [...new Set(modules)], how);
  if (names.ok) return { names: names.value, unread: [] };
  const { what, next } = names.problem;
  return { names: new Map(), unread: [{ what, next: next ?? 'correct that and try again' }] };
}

/** The output of dmesg(1); `undefined` if it may not read the log (kernel.dmesg_restrict) or is missing. */
async function readLog(signal: AbortSignal): Promise<string | undefined> {
  const messages = await runAny({ file: 'dmesg', args: ['--notime'] }, { signal });
  return messages.ok && messages.value.exitCode === 0 ? messages.value.stdout : undefined;
}
