/** Arguments of functions in a definition: hooks, and tests of the machine. */

/** The argument of a hook that is a function. */
export interface HookContext {
  /** The machine's tree on this host. */
  readonly root: string;
  /** The images folder. */
  readonly output: string;
  /** Run a program inside the machine's tree; resolves to its output. If it fails, the hook fails. */
  run(...argv: string[]): Promise<string>;
}

export type HookFunction = (context: HookContext) => void | Promise<void>;

/** A time limit. */
export interface GuestOptions {
  /** Time limit in seconds. */
  readonly timeout?: number;
}

/** How a command is run. */
export interface CommandOptions extends GuestOptions {
  /**
   * User that runs it, in their home and with the environment of their session (display, bus, language).
   * Default: root.
   */
  readonly user?: string;
}

/**
 * The booted machine, for tests. Methods run one after another, as root by default; each fails (its promise
 * is rejected) if the machine is no longer running.
 */
export interface Guest {
  /**
   * Run a command with `sh -c`, in / and without input; resolves to its exit code and output. If the command
   * does not end within `timeout` (default: the test's), it is killed and the method fails.
   */
  run(command: string, options?: CommandOptions): Promise<GuestOutcome>;
  /** The same, but fails if the exit code is not 0. Resolves to the output, without the last line break. */
  ok(command: string, options?: CommandOptions): Promise<string>;
  /** The text of a file. */
  read(path: string): Promise<string>;
  /** Wait until a unit is active; by default at most 60 seconds. */
  waitForUnit(unit: string, options?: GuestOptions): Promise<void>;
  /** Wait until something listens on a TCP port of the machine; by default at most 60 seconds. */
  waitForPort(port: number, options?: GuestOptions): Promise<void>;
  /** Run `mkma persist` with these arguments (default: `--all`); the disk is discarded after this run. */
  persist(...args: string[]): Promise<void>;
  /** Reboot the machine, and wait until it is up. */
  reboot(): Promise<void>;
  /** Take a screenshot. */
  screenshot(): Promise<Screenshot>;
  /**
   * Press keys, one chord after another: `super+Return`, `ctrl+alt+F2`, `a`. A key is a character of the
   * machine's layout, or a name such as Return, Escape, Left, F1, XF86AudioMute.
   */
  keys(...chords: string[]): Promise<void>;
  /** Type a text in the machine's layout; a line break is Return. */
  type(text: string): Promise<void>;
  /** Click a mouse button (default: left) at a point; 0, 0 is the upper left corner. */
  click(x: number, y: number, button?: 'left' | 'middle' | 'right'): Promise<void>;
  /**
   * Wait for a window whose title or app id equals a text or matches an expression; by default at most 60
   * seconds.
   */
  waitForWindow(window: WindowChoice, options?: GuestOptions): Promise<Window>;
  /** Wait until this function accepts a screenshot, and resolve to it; by default at most 60 seconds. */
  waitForPixels(is: (picture: Screenshot) => boolean, options?: GuestOptions): Promise<Screenshot>;
  /** Wait until a text is on the screen (OCR with tesseract of this host); by default at most 60 seconds. */
  waitForText(text: string | RegExp, options?: GuestOptions): Promise<void>;
  /** The sound that the machine has played since boot. */
  sound(): Promise<Sound>;
}

/** A screenshot. Colours are red, green and blue, 0 to 255 each. */
export interface Screenshot {
  readonly width: number;
  readonly height: number;
  /** The colour of a point; 0, 0 is the upper left corner. */
  at(x: number, y: number): readonly [number, number, number];
  /** The number of different colours. */
  colours(): number;
  /** The share of points with this colour, 0 to 1; `near`: tolerance of each component. */
  share(colour: readonly [number, number, number], near?: number): number;
}

/** Selects a window: every given property must match. */
export interface WindowChoice {
  readonly title?: string | RegExp;
  readonly app?: string | RegExp;
}

/** A window on the machine's screen. */
export interface Window {
  readonly title: string;
  /** Its app id, such as `foot`. */
  readonly app: string;
}

/** What the machine played. */
export interface Sound {
  /** Seconds from the first to the last sound; 0: silence. */
  readonly seconds: number;
  /** Loudness in dB relative to full scale, 0 or less; -Infinity: silence. */
  readonly loudness: number;
  /** Frequency of the tone in Hz; 0: silence. */
  readonly pitch: number;
}

/** The result of a command. */
export interface GuestOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A test; it fails if it throws. */
export type TestFunction = (guest: Guest) => void | Promise<void>;
