/** qemu-system-x86_64: its command line as a function of the machine it is to be. Verified with QEMU 7.2 and 10.0. */
import { ok, type Result } from '../../core/result.js';
import type { Command } from '../sys/command.js';
import { run } from '../sys/run.js';

export const QEMU_PROGRAM = 'qemu-system-x86_64';

export type Accelerator = 'kvm' | 'tcg';

/** A virtio disk. QEMU locks the file: two machines never write to the same one. */
export interface MachineDisk {
  readonly file: string;
  readonly format: 'raw';
  readonly readonly?: boolean;
  /** Up to 20 characters; the guest finds the disk as /dev/disk/by-id/virtio-SERIAL. */
  readonly serial: string;
}

/** Where a serial port (ttyS0, ttyS1 ... in order) goes. */
export type SerialPort =
  /** This terminal, shared with QEMU's monitor (Ctrl-A leads to it; Ctrl-C reaches the guest). */
  | { readonly to: 'terminal' }
  /** A file, written from its beginning. */
  | { readonly to: 'file'; readonly file: string };

/** A virtual machine. It has no network, and ends where a real one would reboot. */
export interface Machine {
  readonly accel: Accelerator;
  /** RAM in MiB. */
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly kernel: string;
  readonly initrd?: string;
  /** The kernel command line. */
  readonly append: string;
  readonly disks: readonly MachineDisk[];
  readonly serials: readonly SerialPort[];
  readonly display: 'none' | 'gtk';
}

/** QEMU's arguments. Commas in file names are doubled, as its option parser wants (qemu(1), "-drive"). */
export function qemuCommand(machine: Machine): Command {
  const args = ['-nodefaults', '-accel', machine.accel];
  // Under TCG the default model: wider vector units are only slower when emulated.
  if (machine.accel === 'kvm') args.push('-cpu', 'host');
  args.push('-smp', String(machine.cpus), '-m', String(machine.memoryMiB));
  args.push('-kernel', machine.kernel);
  if (machine.initrd !== undefined) args.push('-initrd', machine.initrd);
  args.push('-append', machine.append, '-no-reboot', '-nic', 'none');
  args.push('-display', machine.display);
  if (machine.display !== 'none') args.push('-vga', 'std');
  args.push('-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0');
  machine.disks.forEach((disk, i) => {
    const readonly = disk.readonly === true ? ',readonly=on' : '';
    args.push(
      '-drive',
      `if=none,id=disk${i},format=${disk.format},file=${escapeComma(disk.file)}${readonly}`,
    );
    args.push('-device', `virtio-blk-pci,drive=disk${i},serial=${disk.serial}`);
  });
  for (const port of machine.serials) {
    args.push('-serial', port.to === 'terminal' ? 'mon:stdio' : `file:${port.file}`);
  }
  return { file: QEMU_PROGRAM, args };
}

function escapeComma(file: string): string {
  return file.replaceAll(',', ',,');
}

/** QEMU's version, such as `7.2.22`; the Problem of a missing program where it is not installed. */
export async function qemuVersion(signal: AbortSignal): Promise<Result<string>> {
  const version = await run({ file: QEMU_PROGRAM, args: ['--version'] }, { signal });
  if (!version.ok) return version;
  return ok(/version (\S+)/.exec(version.value.stdout)?.[1] ?? 'unknown');
}

/** QEMU's complaints in the words of what to do. `undefined`: none that is known. */
export function knownQemuFault(stderr: string): { readonly why: string; readonly next: string } | undefined {
  if (/Failed to get "write" lock|Is another process using the image/.test(stderr)) {
    return {
      why: 'another virtual machine has this disk open',
      next: 'end the other machine first, or use another --output',
    };
  }
  if (/[Dd]isplay.*gtk.*not available|not support display type|module ui-.*gtk not found/.test(stderr)) {
    return {
      why: 'this QEMU has no window',
      next: 'install it: apt-get install qemu-system-gui; or run without --window',
    };
  }
  if (/gtk initialization failed/.test(stderr)) {
    return { why: 'no graphical session can be reached from here', next: 'run without --window' };
  }
  if (/cannot set up guest memory|Cannot allocate memory/.test(stderr)) {
    return { why: 'this host has not enough free memory', next: 'give the machine less with --memory' };
  }
  return undefined;
}
