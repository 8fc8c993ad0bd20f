/**
 * What a virtual machine under test prints: its console, and the results of the checks on the second serial
 * port.
 */
import { z } from 'zod';
import type { BootTimes } from '../../core/boot/record.js';
import { INIT_FAILED, INIT_PREFIX, PHASES, WRONG_PASSPHRASE } from '../../core/contract.js';

/** An assertion made inside the machine. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
}

/**
 * A line of the results: their beginning, a check, the times of the boot, the end, or something else (output
 * of a tool; before the beginning, of firmware, which uses every serial port).
 */
export type Answer =
  | { readonly type: 'begin' }
  | { readonly type: 'boot'; readonly times: BootTimes }
  | { readonly type: 'check'; readonly check: Check }
  | { readonly type: 'end' }
  | { readonly type: 'other'; readonly line: string };

/** Parses `begin`, `ok NAME - DETAIL`, `not ok NAME - DETAIL`, `boot JSON`, or `end`. */
export function parseAnswer(line: string): Answer {
  if (line === 'begin' || line === 'end') return { type: line };
  const times = line.startsWith('boot ') ? parseTimes(line.slice('boot '.length)) : undefined;
  if (times !== undefined) return { type: 'boot', times };
  const match = /^(not ok|ok) (.+?)(?: - (.*))?$/.exec(line);
  if (match === null) return { type: 'other', line };
  const [, verdict, name = '', detail = ''] = match;
  return { type: 'check', check: { name, ok: verdict === 'ok', detail } };
}

const timesSchema = z.object({
  init: z.number(),
  phases: z.array(
    z.object({
      phase: z.enum(PHASES),
      start: z.number(),
      seconds: z.number(),
      steps: z.array(z.object({ step: z.string(), seconds: z.number() })).exactOptional(),
    }),
  ),
  handover: z.number(),
});

/** Parses the output of `mkma status --boot --json`; `undefined` if it is something else. */
function parseTimes(json: string): BootTimes | undefined {
  try {
    return timesSchema.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** How far a boot got, in order. */
const MILESTONES = ['nothing', 'kernel', 'init', 'systemd', 'login'] as const;
export type Milestone = (typeof MILESTONES)[number];

/** The milestones as the end of "the machine got as far as ...". */
export const MILESTONE_WORDS: Record<Milestone, string> = {
  nothing: 'starting QEMU: the kernel printed nothing',
  kernel: "the kernel's start: init printed nothing",
  init: "mkma's init",
  systemd: "systemd's start",
  login: 'the login prompt',
};

/** The milestone that a console line shows, if any. */
export function milestoneOf(line: string): Milestone | undefined {
  if (/\blogin: /.test(`${line} `)) return 'login';
  if (/systemd\[1\]: |^Welcome to (?!GRUB!)/.test(line)) return 'systemd';
  if (line.includes(INIT_PREFIX)) return 'init';
  return /Linux version /.test(line) ? 'kernel' : undefined;
}

/**
 * What firmware and boot loaders print when they start nothing: shim, GRUB, SeaBIOS, and OVMF, which then
 * tries the network for minutes, or opens its shell.
 */
const NOT_STARTED =
  /bad shim signature|Security Violation|No bootable (option|device)|>>Start (PXE|HTTP Boot) |UEFI Interactive Shell/;

/** Lines that have one of these end a boot; nobody types another passphrase. */
const FAILURES = [INIT_FAILED, 'Kernel panic - not syncing', WRONG_PASSPHRASE] as const;

/** What the console shows as the boot proceeds. */
export class ConsoleWatch {
  milestone: Milestone = 'nothing';
  /** The first line that reports a failed boot. */
  failed: string | undefined;
  poweredDown = false;
  readonly #tail: string[] = [];

  /** Reads a line; returns the milestone if it is a new one. */
  take(line: string): Milestone | undefined {
    if (line.trim() === '') return undefined;
    this.#tail.push(line);
    if (this.#tail.length > 40) this.#tail.shift();
    if (FAILURES.some((words) => line.includes(words))) this.failed ??= line;
    if (this.milestone === 'nothing' && NOT_STARTED.test(line)) this.failed ??= line;
    if (/reboot: (Power down|System halted)/.test(line)) this.poweredDown = true;
    const reached = milestoneOf(line);
    if (reached === undefined) return undefined;
    if (MILESTONES.indexOf(reached) <= MILESTONES.indexOf(this.milestone)) return undefined;
    this.milestone = reached;
    return reached;
  }

  /** The console's last lines: those from the failure on, else the last dozen. */
  lastWords(): string {
    const failed = this.failed === undefined ? -1 : this.#tail.indexOf(this.failed);
    return this.#tail.slice(failed >= 0 ? failed + 1 : -12).join('\n');
  }
}
