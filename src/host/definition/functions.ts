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

/** How a command is run. */
export interface CommandOptions extends GuestOptions {
  /** Who runs it, in their home, with what their session knows: its display, bus and language. Default: root. */
  readonly user?: string;
}

/**
 * The booted machine, as a machine test sees it. Everything is done one thing after another, by root unless told; each method fails (its
 * promise is rejected) where the machine is no longer there.
 */
export interface Guest {
  /**
   * Run a command by `sh -c`, in / and without input; resolves to what it came to. It fails where the command is not done within
   * `timeout` (default: the test's), and kills it.
   */
  run(command: string, options?: CommandOptions): Promise<GuestOutcome>;
  /** The same, but any exit code except 0 fails the test. Resolves to what it printed, without the last line break. */
  ok(command: string, options?: CommandOptions): Promise<string>;
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
  /** A picture of the screen. */
  screenshot(): Promise<Screenshot>;
  /**
   * Press keys, one chord after another: `super+Return`, `ctrl+alt+F2`, `a`. Each is a character of the machine's own layout, or a
   * name as Return, Escape, Left, F1, XF86AudioMute.
   */
  keys(...chords: string[]): Promise<void>;
  /** Type a text in the machine's own layout; a line break is Return. */
  type(text: string): Promise<void>;
  /** Press a button of the pointer (default: left) at a point, counted from the upper left corner. */
  click(x: number, y: number, button?: 'left' | 'middle' | 'right'): Promise<void>;
  /** Wait until a window is there whose title or app id is this, or fits this expression; 60 seconds unless told. */
  waitForWindow(window: WindowChoice, options?: GuestOptions): Promise<Window>;
  /** Wait until a picture of the screen is as this function says; 60 seconds unless told. Resolves to the picture. */
  waitForPixels(is: (picture: Screenshot) => boolean, options?: GuestOptions): Promise<Screenshot>;
  /** Wait until a text can be read on the screen (OCR, by tesseract on this host); 60 seconds unless told. */
  waitForText(text: string | RegExp, options?: GuestOptions): Promise<void>;
  /** What the machine has played since its boot. */
  sound(): Promise<Sound>;
}

/** A picture of the machine's screen. Colours are red, green and blue, 0 to 255 each. */
export interface Screenshot {
  readonly width: number;
  readonly height: number;
  /** The colour of a point, counted from the upper left corner. */
  at(x: number, y: number): readonly [number, number, number];
  /** How many different colours there are. */
  colours(): number;
  /** How much of it has a colour, 0 to 1; `near`: how far each part may be off. */
  share(colour: readonly [number, number, number], near?: number): number;
}

/** Which window: every part that is given has to fit. */
export interface WindowChoice {
  readonly title?: string | RegExp;
  readonly app?: string | RegExp;
}

/** A window on the machine's screen. */
export interface Window {
  readonly title: string;
  /** Its application's id, as `foot`. */
  readonly app: string;
}

/** What was heard. */
export interface Sound {
  /** Seconds from the first to the last sound; 0: nothing was heard. */
  readonly seconds: number;
  /** Loudness in dB below the loudest there is; -Infinity: nothing was heard. */
  readonly loudness: number;
  /** The tone's frequency in Hz; 0: nothing was heard. */
  readonly pitch: number;
}

/** What a command came to. */
export interface GuestOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A test: it fails where it throws. */
export type TestFunction = (guest: Guest) => void | Promise<void>;
