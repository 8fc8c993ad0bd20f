/**
 * Drives `mkma run` as a person at a terminal would: a pseudo terminal (script(1)), words typed, words waited for.
 * Assertions are made inside the machine.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BASE_FILES, type ImageFormat, INIT_PREFIX } from '../../src/core/contract.js';
import type { Status } from '../../src/guest/mkma/status/status.js';
import { FAST } from './fast.js';

export const MAIN = fileURLToPath(new URL('../../host/main.js', import.meta.url));

/** Seconds for a boot to the login, without KVM and with other work going on. */
const BOOT_SECONDS = 400;
/** Seconds for an answer of its shell: a busy host may stand still for a minute, login(1) gives up then and starts anew. */
const SHELL_SECONDS = 240;

/** Folder of the images under test. Unset is a failure: a VM test that skips itself proves nothing. */
export function builtImages(): string {
  const built = process.env.MKMA_TEST_IMAGES;
  assert.ok(built, 'MKMA_TEST_IMAGES is not set: name the folder with built images (test/run does)');
  return built;
}

/** The form of the base under test, and the name of its file. */
export const FORMAT: ImageFormat = existsSync(join(builtImages(), BASE_FILES.erofs)) ? 'erofs' : 'cpio';
export const BASE = BASE_FILES[FORMAT];

/** The line that tells which base was found: in which folder, from the top of the file system, and on which device. */
export function foundBase(folder: string, device: string): RegExp {
  const [place, where] = [folder + BASE, device].map((text) => text.replace(/[.()]/g, '\\$&'));
  return new RegExp(`mkma: found ${place} on ${where}`);
}

let own: string | undefined;

/** A folder with the images under test, of this test file alone: machines of other files must not share its disk. */
export function imagesFolder(): string {
  if (own !== undefined) return own;
  const built = builtImages();
  const folder = mkdtempSync(join(dirname(built), 'vm-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const name of [BASE, 'initramfs.cpio.zst', 'vmlinuz', 'cmdline']) {
    linkSync(join(built, name), join(folder, name));
  }
  own = folder;
  return folder;
}

/** What a command inside the machine, or mkma itself, came to. */
export interface Outcome {
  readonly output: string;
  readonly exitCode: number;
}

/** Run `mkma` to its end without a terminal. */
export async function mkma(...args: string[]): Promise<Outcome & { readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { output, stderr, exitCode };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal control sequences are what is to be removed.
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\r\x07]/g;

/** Has early boot hand over to a shell instead of the system. */
export const SHELL = 'init=/bin/bash';

/** Further arguments of `mkma run`. */
export interface Arguments {
  readonly args?: readonly string[];
  /** Folder with other images than those under test. */
  readonly images?: string;
}

/** A machine booted by `mkma run`. Dispose of it with `await using`: QEMU is then gone for certain. */
export class Vm implements AsyncDisposable {
  /** Everything that came from the terminal and was not yet matched. */
  #unread = '';
  #all = '';
  #exitCode: number | undefined;
  readonly #ended: Promise<void>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#unread += text;
      this.#all += text;
    });
    this.#ended = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#exitCode = code ?? -1;
        resolve();
      });
    });
  }

  /** Start `mkma run` with words for the kernel command line and further arguments. */
  static start(append = '', { args = [], images = imagesFolder() }: Arguments = {}): Vm {
    const words = [process.execPath, MAIN, 'run', '--output', images, ...args];
    // Where firmware starts the machine, its boot loader has the command line.
    if (!args.includes('--firmware')) words.push('--append', `${append} ${FAST}`.trimStart());
    return Vm.onTerminal(words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '));
  }

  /** Start a command, as a shell takes it, whose terminal becomes the machine's. */
  static onTerminal(command: string): Vm {
    // Should this test be killed, script goes with it, and the hangup of its terminal ends the rest.
    const script = ['script', '--quiet', '--return', '--command', command, '/dev/null'];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, SHELL: '/bin/sh', TERM: 'dumb' },
    });
    return new Vm(child);
  }

  /** Start and wait for the shell of the logged-in console. */
  static login(append = '', more: Arguments = {}): Promise<Vm> {
    return Vm.#boot(append, more, (vm) => vm.expectLogin());
  }

  /** Start and wait for a shell that early boot hands over to: what a test asks of that alone takes a third of a login's time. */
  static shell(append = '', more: Arguments = {}): Promise<Vm> {
    return Vm.#boot(`${append} ${SHELL}`, more, (vm) => vm.expectHandover());
  }

  static async #boot(append: string, more: Arguments, arrive: (vm: Vm) => Promise<void>): Promise<Vm> {
    for (let again = true; ; again = false) {
      const vm = Vm.start(append, more);
      try {
        await arrive(vm);
        return vm;
      } catch (cause) {
        const emulated = again && vm.#panicked && !vm.transcript.includes(INIT_PREFIX);
        await vm[Symbol.asyncDispose]();
        // The emulator's fault, which it makes once in some hundred starts (notes/qemu.md): nothing of mkma ran yet.
        if (!emulated) throw cause;
      }
    }
  }

  get #panicked(): boolean {
    return /Kernel panic - not syncing: Fatal exception/.test(this.transcript);
  }

  /** Everything seen so far, without control sequences. */
  get transcript(): string {
    return this.#all.replace(CONTROL, '');
  }

  /** Wait until the terminal shows `pattern`; what comes up to its end is taken away. */
  async expect(pattern: RegExp, seconds = BOOT_SECONDS): Promise<RegExpExecArray> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const over = this.#exitCode !== undefined;
      const text = this.#unread.replace(CONTROL, '');
      const match = pattern.exec(text);
      if (match !== null) {
        this.#unread = text.slice(match.index + match[0].length);
        return match;
      }
      const why = over ? `mkma run ended (exit code ${this.#exitCode})` : `not within ${seconds} s`;
      if (over || performance.now() > deadline) {
        assert.fail(
          `waited for ${pattern}: ${why}. The terminal ended with:\n${this.transcript.slice(-3000)}`,
        );
      }
      await sleep(50);
    }
  }

  /** Wait until root is logged in on the console and its shell answers. */
  async expectLogin(): Promise<void> {
    const [words] = await this.expect(/login: root \(automatic login\)|Kernel panic - not syncing.*/);
    assert.doesNotMatch(words, /panic/, `the kernel panicked:\n${this.transcript.slice(-3000)}`);
    await this.expectShell();
  }

  /** Wait until early boot has handed over to a shell ({@link SHELL}), and that answers. */
  async expectHandover(): Promise<void> {
    const [words] = await this.expect(/mkma: handing over to \/bin\/bash|Kernel panic - not syncing.*/);
    assert.doesNotMatch(words, /panic/, `the kernel panicked:\n${this.transcript.slice(-3000)}`);
    await this.expectShell();
  }

  /** In the shell of a boot that failed: leave it, which tries again, with further words for the kernel command line; the last of a name counts. */
  async tryAgain(words = ''): Promise<void> {
    await this.ask(`sed 's:$: ${words}:' /proc/cmdline >/tmp/next; umount /proc/cmdline 2>/dev/null; :`);
    await this.ask('mv /tmp/next /tmp/cmdline && mount --bind /tmp/cmdline /proc/cmdline');
    this.type('exit');
  }

  /** Wait until a shell answers, whatever its prompt looks like. Keys typed too early may get lost: typed again. */
  async expectShell(seconds = SHELL_SECONDS): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const mark = randomBytes(4).toString('hex');
      // The echo of what is typed does not hold the answer.
      this.type(`echo "<${mark}:"ready\\>`);
      try {
        await this.expect(new RegExp(`<${mark}:ready>`), 3);
        break;
      } catch (cause) {
        if (performance.now() > deadline || this.#exitCode !== undefined) throw cause;
      }
    }
    // The kernel's messages would get between the lines of answers.
    await this.sh('dmesg -n 1');
  }

  /** Type a line. */
  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Press keys, such as `\x03` for Ctrl-C. */
  press(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** Run a command in the shell that is open, and return what it printed on both streams. */
  async sh(command: string, seconds = SHELL_SECONDS): Promise<Outcome> {
    const mark = randomBytes(4).toString('hex');
    this.type(`printf '<%s>\\n' ${mark}-begin; { ${command}; } 2>&1; printf '<%s:%s>\\n' ${mark}-end $?`);
    await this.expect(new RegExp(`<${mark}-begin>\\n`), seconds);
    const match = await this.expect(new RegExp(`([\\s\\S]*?)<${mark}-end:(\\d+)>`), seconds);
    return { output: (match[1] ?? '').trimEnd(), exitCode: Number(match[2]) };
  }

  /** As {@link sh} for a command that must succeed; returns its output. */
  async ask(command: string, seconds = SHELL_SECONDS): Promise<string> {
    const { output, exitCode } = await this.sh(command, seconds);
    assert.equal(exitCode, 0, `${command} failed inside the machine:\n${output}`);
    return output;
  }

  /** What `mkma status` tells inside the machine. */
  async status(): Promise<Status> {
    return JSON.parse(await this.ask('mkma status --json')) as Status;
  }

  /** Power the machine off from its shell; returns the exit code of `mkma run`. */
  async powerOff(command = 'poweroff', seconds = SHELL_SECONDS): Promise<number> {
    this.type(command);
    return this.ended(seconds);
  }

  /** Save the machine's memory to a file and end it, by QEMU's monitor behind the keys Ctrl-A C (qemu(1), "mon:stdio"). */
  async freeze(file: string): Promise<void> {
    this.press('\x01c');
    this.type(`migrate "exec:zstd -1 -q -T0 >${file}"`);
    this.type('info migrate');
    await this.expect(/Migration status: (?:completed|failed)/, SHELL_SECONDS);
    assert.match(this.transcript, /Migration status: completed/);
    this.type('quit');
    assert.equal(await this.ended(), 0);
  }

  /** Cut the power: SIGKILL for QEMU alone. What the machine had not yet handed to the disk is lost. */
  async cutPower(): Promise<void> {
    for (const pid of descendants(this.child.pid)) {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('qemu')) endProcess(pid);
    }
    assert.notEqual(await this.ended(), 0);
  }

  /** Whether the terminal has shown the pattern since the last words that were waited for. */
  shows(pattern: RegExp): boolean {
    return pattern.test(this.#unread.replace(CONTROL, ''));
  }

  /** Wait until `mkma run` ends by itself, as it does where a machine would restart; returns its exit code. */
  async ended(seconds = SHELL_SECONDS): Promise<number> {
    await Promise.race([this.#ended, sleep(seconds * 1000, undefined, { ref: false })]);
    assert.notEqual(this.#exitCode, undefined, `mkma run did not end within ${seconds} s`);
    return this.#exitCode ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exitCode !== undefined) return;
    const started = descendants(this.child.pid);
    this.child.stdin?.write('\x01x'); // Ctrl-A X: QEMU's own way out
    await Promise.race([this.#ended, sleep(3000)]);
    for (const pid of started) endProcess(pid);
    this.child.kill('SIGKILL');
    await this.#ended;
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** The processes that a process has started, and those which these have started (proc_pid_task(5), "children"). */
function descendants(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.flatMap((child) => [...descendants(Number(child)), Number(child)]);
  } catch {
    return [];
  }
}
