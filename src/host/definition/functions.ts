/** What functions of a definition are given: hooks, and tests of the machine. */

/** What a hook that is a function is given. */
export interface HookContext {
  /** The machine's tree on this host. */
  readonly root: string;
  /** The folder of the images. */
  readonly output: string;
  /** Run a program inside the machine's tree; resolves to what it printed. Its failure is the hook's. */
  run(...argv: string[]): Promise<string>;
}

export type HookFunction = (context: HookContext) => void | Promise<void>;

/** The booted machine, as a machine test sees it. */
export interface Guest {
  /** Run a shell command as root; resolves to what it came to. */
  run(command: string, options?: { readonly timeout?: number }): Promise<GuestOutcome>;
  /** The same, but any exit code except 0 fails the test. Resolves to what it printed, without the last line break. */
  ok(command: string, options?: { readonly timeout?: number }): Promise<string>;
  /** The text of a file. */
  read(path: string): Promise<string>;
  /** Wait until a unit is active. */
  waitForUnit(unit: string, options?: { readonly timeout?: number }): Promise<void>;
  /** Wait until something listens on a TCP port of the machine. */
  waitForPort(port: number, options?: { readonly timeout?: number }): Promise<void>;
  /** Save what has changed, as `mkma persist` with these arguments (default: `--all`). */
  persist(...args: string[]): Promise<void>;
  /** Boot it again, and wait until it is up. */
  reboot(): Promise<void>;
}

export interface GuestOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type TestFunction = (guest: Guest) => void | Promise<void>;
