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

/** How long something may take. */
export interface GuestOptions {
  /** Seconds until it is given up. */
  readonly timeout?: number;
}

/**
 * The booted machine, as a machine test sees it. Everything is done as root, one thing after another; each method fails (its
 * promise is rejected) where the machine is no longer there.
 */
export interface Guest {
  /**
   * Run a command by `sh -c`, in / and without input; resolves to what it came to. It fails where the command is not done within
   * `timeout` (default: the test's), and kills it.
   */
  run(command: string, options?: GuestOptions): Promise<GuestOutcome>;
  /** The same, but any exit code except 0 fails the test. Resolves to what it printed, without the last line break. */
  ok(command: string, options?: GuestOptions): Promise<string>;
  /** The text of a file. */
  read(path: string): Promise<string>;
  /** Wait until a unit is active, 60 seconds unless told. */
  waitForUnit(unit: string, options?: GuestOptions): Promise<void>;
  /** Wait until something listens on a TCP port of the machine, 60 seconds unless told. */
  waitForPort(port: number, options?: GuestOptions): Promise<void>;
  /** Save what has changed, as `mkma persist` with these arguments (default: `--all`), on a disk that this run throws away. */
  persist(...args: string[]): Promise<void>;
  /** Boot it again, and wait until it is up. */
  reboot(): Promise<void>;
}

/** What a command came to. */
export interface GuestOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A test: it fails where it throws. */
export type TestFunction = (guest: Guest) => void | Promise<void>;
