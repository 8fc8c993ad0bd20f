/** qemu-system-x86_64: its command line as a function of the machine. Verified with QEMU 7.2 and 10.0. */
import { ok, type Result } from '../../core/result.js';
import type { Command } from '../sys/command.js';
import { run } from '../sys/run.js';
import { type DiskBus, diskArguments, escapeComma, type MachineDisk } from './qemu-disks.js';
import { credentialArguments, type Start, startArguments } from './qemu-start.js';

export const QEMU_PROGRAM = 'qemu-system-x86_64';

export type Accelerator = 'kvm' | 'tcg';

/** Where a serial port (ttyS0, ttyS1 ... in order) goes. */
export type SerialPort =
  /** This terminal, shared with QEMU's monitor (reached with Ctrl-A; Ctrl-C goes to the guest). */
  | { readonly to: 'terminal' }
  /** A file, overwritten or appended to. */
  | { readonly to: 'file'; readonly file: string; readonly append?: boolean }
  /** The program that started QEMU, through its standard input and output. */
  | { readonly to: 'parent' }
  /** A socket; the machine starts once somebody has connected to it. */
  | { readonly to: 'socket'; readonly socket: string };

/** A TCP port of this host's loopback that is forwarded to one of the machine. */
export interface Forward {
  readonly host: number;
  readonly guest: number;
}

/**
 * A private network of the machine, with an address by DHCP: QEMU's "user" network (qemu(1), -netdev user).
 */
export interface Network {
  /** Whether outbound access through this host is enabled. */
  readonly outward: boolean;
  readonly forwards: readonly Forward[];
}

/** Screen, keyboard, pointer and sound without a window, controlled by screen/screen.ts. */
export interface Headless {
  /** std: a plain VGA card. virtio: one without 3D. */
  readonly card: GraphicsCard;
  /** QEMU's control interface, a socket that it creates. */
  readonly socket: string;
  /** Recording of what the machine plays, as WAV; absent: it has no sound card. */
  readonly sound?: string | undefined;
}

/**
 * Servers of a user's session that play QEMU's sound (qemu(1), -audiodev), the preferred one first: a
 * PipeWire that plays is PulseAudio's server as well, and one that only serves screens leaves sound to
 * PulseAudio.
 */
export const AUDIO_DRIVERS = ['pa', 'pipewire'] as const;
export type AudioDriver = (typeof AUDIO_DRIVERS)[number];

export const GRAPHICS_CARDS = ['std', 'virtio'] as const;
export type GraphicsCard = (typeof GRAPHICS_CARDS)[number];

/** A virtual machine. It ends where a real one would reboot. */
export interface VmConfig {
  readonly accel: Accelerator;
  /** RAM in MiB. */
  readonly memoryMiB: number;
  readonly cpus: number;
  /** UUID in its firmware; absent: it has none. */
  readonly uuid?: string | undefined;
  readonly start: Start;
  /** Credentials for its systemd, as the host of a virtual machine passes them: content by name. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  readonly disks: readonly MachineDisk[];
  /** The disk controller. */
  readonly bus: DiskBus;
  readonly serials: readonly SerialPort[];
  readonly display: 'none' | 'gtk';
  /** What plays the sound of a machine with a window; absent: it is silent. */
  readonly audio?: AudioDriver | undefined;
  /** Absent: it has no screen except for a window. */
  readonly headless?: Headless | undefined;
  /** Absent: it has none. */
  readonly network?: Network | undefined;
}

/**
 * Without KVM one thread emulates all processors in turn. With a thread for each, QEMU before 8.1 sometimes
 * runs code that the guest's kernel has just patched: "Oops: int3", and a panic (notes/qemu.md).
 */
const ACCELERATOR: Record<Accelerator, string> = { kvm: 'kvm', tcg: 'tcg,thread=single' };

/**
 * With TCG the default model: wider vector units are only slower when emulated. Without the virtualization
 * extension, for which the guest would load kvm_amd: its patching of the kernel takes about ten seconds
 * there.
 */
const PROCESSOR: Record<Accelerator, string> = { kvm: 'host', tcg: 'qemu64,-svm' };

/** QEMU's arguments. */
export function qemuCommand(machine: VmConfig): Command {
  const { start, display } = machine;
  const args = ['-nodefaults', '-accel', ACCELERATOR[machine.accel]];
  args.push('-cpu', PROCESSOR[machine.accel]);
  args.push('-smp', String(machine.cpus), '-m', String(machine.memoryMiB));
  if (machine.uuid !== undefined) args.push('-uuid', machine.uuid);
  args.push(...startArguments(start), ...credentialArguments(machine.credentials));
  args.push('-no-reboot', ...networkArguments(machine.network), '-display', display);
  if (machine.headless !== undefined) args.push(...headlessArguments(machine.headless));
  else if (display !== 'none') args.push('-vga', 'std', ...POINTER, ...audioArguments(machine.audio));
  // SeaBIOS, and a boot loader that prints through it, then use the first serial port as their screen.
  else if (start.by === 'bios') args.push('-machine', 'graphics=off');
  args.push('-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0');
  args.push(...diskArguments(machine.disks, machine.bus, start.by !== 'kernel'));
  machine.serials.forEach((port, i) => {
    args.push(...serialArguments(port, `serial${i}`));
  });
  return { file: QEMU_PROGRAM, args, passes: ['display'] };
}

/** An absolute pointer, unlike a mouse: a window need not grab it. */
const POINTER = ['-device', 'virtio-tablet-pci'];

/** The keyboard is the PC's own. */
function headlessArguments({ card, socket, sound }: Headless): string[] {
  const door = `unix:${escapeComma(socket)},server=on,wait=off`;
  const played = sound === undefined ? undefined : `wav,path=${escapeComma(sound)}`;
  return ['-vga', card, ...POINTER, '-qmp', door, ...audioArguments(played)];
}

/** A sound card that plays through a driver, which may have options. */
function audioArguments(driver: string | undefined): string[] {
  if (driver === undefined) return [];
  const card = ['-device', 'intel-hda', '-device', 'hda-output,audiodev=sound0'];
  return ['-audiodev', `${driver},id=sound0`, ...card];
}

/** Without a boot ROM: firmware must not look for a system there. */
function networkArguments(network: Network | undefined): string[] {
  if (network === undefined) return ['-nic', 'none'];
  const forwards = network.forwards.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  const user = `user,id=net0,restrict=${network.outward ? 'off' : 'on'}${forwards.join('')}`;
  return ['-netdev', user, '-device', 'virtio-net-pci,netdev=net0,romfile='];
}

function serialArguments(port: SerialPort, id: string): string[] {
  const own = (kind: string): string[] => ['-chardev', `${kind},id=${id}`, '-serial', `chardev:${id}`];
  if (port.to === 'terminal') return ['-serial', 'mon:stdio'];
  // Without its own `logfile=`: that has bytes twice if the pipe's reader is slow (notes/qemu.md).
  if (port.to === 'parent') return own('stdio,signal=off');
  if (port.to === 'socket') return own(`socket,server=on,wait=on,path=${escapeComma(port.socket)}`);
  if (port.append === true) return own(`file,append=on,path=${escapeComma(port.file)}`);
  return ['-serial', `file:${port.file}`];
}

/** QEMU's version, such as `7.2.22`; the Problem of a missing program if it is not installed. */
export async function qemuVersion(signal: AbortSignal): Promise<Result<string>> {
  const version = await run({ file: QEMU_PROGRAM, args: ['--version'] }, { signal });
  if (!version.ok) return version;
  return ok(/version (\S+)/.exec(version.value.stdout)?.[1] ?? 'unknown');
}

/** Whether this QEMU can open a window: it lists what it and its modules have (qemu(1), -display help). */
export async function hasWindow(signal: AbortSignal): Promise<boolean> {
  const listed = await run({ file: QEMU_PROGRAM, args: ['-display', 'help'] }, { signal });
  return listed.ok && /^gtk$/m.test(listed.value.stdout);
}

/** Explains QEMU's errors, with what to do. `undefined`: unknown error. */
export function knownQemuFault(stderr: string): { readonly why: string; readonly next: string } | undefined {
  if (/Failed to get "write" lock|Is another process using the image/.test(stderr)) {
    return {
      why: 'another virtual machine has this disk open',
      next: 'end the other machine first, or use another --output',
    };
  }
  const forward = /Could not set up host forwarding rule 'tcp:127\.0\.0\.1:(\d+)-:(\d+)'/.exec(stderr);
  if (forward !== null) {
    return {
      why: `port ${forward[1]} of this host is in use, or requires root`,
      next: `name another one, at least 1024: --forward PORT:${forward[2]}`,
    };
  }
  if (/Block node is read-only|Cannot use read-only drive/.test(stderr)) {
    return {
      why: 'disks on this bus cannot be attached read-only',
      next: 'use --bus virtio, usb, uas, scsi or pvscsi',
    };
  }
  if (/[Dd]isplay.*gtk.*not available|not support display type|module ui-.*gtk not found/.test(stderr)) {
    return {
      why: 'this QEMU has no window',
      next: 'install it: apt-get install qemu-system-gui; or run without --window',
    };
  }
  if (/gtk initialization failed/.test(stderr)) {
    return { why: 'cannot reach a graphical session', next: 'run without --window' };
  }
  if (/cannot set up guest memory|Cannot allocate memory/.test(stderr)) {
    return { why: 'not enough free memory on this host', next: 'give the machine less with --memory' };
  }
  return undefined;
}
