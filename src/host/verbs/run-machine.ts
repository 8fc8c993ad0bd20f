/** A virtual machine on this terminal or in a window: what can be asked of it, and running it. */
import { err, ok, type Result, usage } from '../../core/result.js';
import type { Context } from '../context.js';
import type { Medium } from '../qemu/medium.js';
import type { MachineOptions } from '../qemu/options.js';
import type { DiskChoice } from '../qemu/own-disks.js';
import { failure, Interrupted, start } from '../sys/run.js';
import {
  type Accelerator,
  type Forward,
  knownQemuFault,
  type Network,
  qemuCommand,
  type SerialPort,
  type VmConfig,
} from '../tools/qemu.js';

export interface RunOptions extends MachineOptions, DiskChoice {
  /** Boot this medium instead of the images. */
  readonly medium?: Medium | undefined;
  /** Whether standard input and output are a terminal. */
  readonly terminal: boolean;
  /** Enable outbound access through this host. */
  readonly network?: boolean | undefined;
  /** Ports of this host that are forwarded to the machine. */
  readonly forwards?: readonly Forward[] | undefined;
  /** Show the screen in a window. */
  readonly window?: boolean | undefined;
  /** Folder with the sockets of the caller's session (XDG_RUNTIME_DIR), for a window's sound. */
  readonly sessionFolder?: string | undefined;
  /** UUID in the machine's firmware, which identities are bound to. */
  readonly uuid?: string | undefined;
  /** Only print the QEMU command. */
  readonly dryRun?: boolean | undefined;
  /** Create a new disk, losing what the machine wrote to the old one. */
  readonly freshDisk?: boolean | undefined;
}

export interface RunResult {
  /** The QEMU command, to repeat by hand. */
  readonly command: string;
  readonly accel: Accelerator;
  /** How long the machine ran; absent after a dry run. */
  readonly seconds?: number;
}

/** Fails if the machine would have neither a keyboard nor a screen. */
export function checkTerminal(options: RunOptions): Result<void> {
  if (options.terminal || options.window === true || options.dryRun === true) return ok();
  return usage({
    code: 'terminal-missing',
    what: 'mkma run needs a terminal',
    where: 'standard input',
    why: "it is the machine's keyboard",
    next: 'use mkma test to boot the images unattended, or --window',
  });
}

/** What a machine has however it starts. */
export function hardwareOf(options: RunOptions) {
  const serials: SerialPort[] = options.terminal ? [{ to: 'terminal' }] : [];
  const display = options.window === true ? ('gtk' as const) : ('none' as const);
  return { uuid: options.uuid, serials, display, network: networkOf(options) };
}

function networkOf({ network = false, forwards = [] }: RunOptions): Network | undefined {
  return network || forwards.length > 0 ? { outward: network, forwards } : undefined;
}

/** Starts QEMU on this terminal. Returns how many seconds it ran. */
export async function boot(
  options: RunOptions,
  machine: VmConfig,
  context: Context,
): Promise<Result<number>> {
  if (options.terminal) {
    context.emit({ type: 'note', text: 'to leave: poweroff in the machine, or Ctrl-A then X' });
  }
  if (machine.display !== 'none') {
    context.emit({
      type: 'note',
      text: 'Ctrl-Alt-G in the window grabs the keyboard for the machine, and releases it',
    });
  }
  for (const { host, guest } of machine.network?.forwards ?? []) {
    context.emit({
      type: 'note',
      text: `port ${host} of this host is forwarded to port ${guest} of the machine`,
    });
  }
  const command = qemuCommand(machine);
  const begun = performance.now();
  const io = options.terminal ? 'inherit' : 'ignore';
  const qemu = start(command, {
    signal: context.signal,
    stdin: io,
    stdout: io,
    stderr: 'pipe',
    foreground: true,
  });
  const ended = await qemu.ended;
  if (context.signal.aborted) throw new Interrupted();
  if (!ended.ok) return ended;
  const seconds = (performance.now() - begun) / 1000;
  if (ended.value.exitCode === 0) return ok(seconds);
  return err({ ...failure(command, ended.value), ...knownQemuFault(ended.value.stderr) });
}
