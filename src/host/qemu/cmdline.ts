/** The virtual machine's kernel command line, derived from that of the real one. */
import { type KernelParameter, parseCmdline, renderCmdline } from '../../core/boot/cmdline.js';
import { PARAM } from '../../core/contract.js';
import { ok, type Result, usage } from '../../core/result.js';
import { VM_DISK } from './disk.js';

/**
 * Longest command line an x86 kernel accepts: COMMAND_LINE_SIZE of 2048 with its NUL
 * (arch/x86/include/asm/setup.h).
 */
export const MAX_CMDLINE = 2047;

export interface VmCmdline {
  /** The line that a build wrote for the real machine. */
  readonly built: string;
  /** Consoles in the kernel's order: the last becomes /dev/console. */
  readonly consoles: readonly string[];
  /**
   * The machine has the user's disks instead of the one made for the images: device and path stay as built.
   */
  readonly ownDisks?: boolean | undefined;
  /** mkma's own parameters for this boot. */
  readonly extra?: readonly KernelParameter[];
  /** The user's parameters: last, so that they override the others. */
  readonly append?: string | undefined;
}

/**
 * The built line with consoles, device and path of the virtual machine. A usage Problem if it gets too long.
 */
export function vmCmdline(options: VmCmdline): Result<string> {
  const { built, consoles, extra = [], append = '' } = options;
  const storage: KernelParameter[] =
    options.ownDisks === true
      ? []
      : [
          { name: PARAM.device, value: `UUID=${VM_DISK.uuid}` },
          { name: PARAM.path, value: `/${VM_DISK.folder}` },
        ];
  // The disk made for the images is a plain one.
  const volumes = options.ownDisks === true ? [] : [PARAM.luks, PARAM.lvm, PARAM.key];
  const own: string[] = ['console', ...volumes, ...storage.map(({ name }) => name)];
  const line = renderCmdline([
    ...parseCmdline(built).filter(({ name }) => !own.includes(name)),
    ...storage,
    ...consoles.map((value) => ({ name: 'console', value })),
    ...extra,
    ...parseCmdline(append),
  ]);
  const length = new TextEncoder().encode(line).length;
  if (length <= MAX_CMDLINE) return ok(line);
  return usage({
    code: 'command-line-too-long',
    what: 'the kernel command line is too long',
    where: append === '' ? 'the file cmdline' : '--append',
    why: `it has ${length} bytes; the kernel accepts ${MAX_CMDLINE}`,
    next: `remove ${length - MAX_CMDLINE} bytes`,
  });
}
