/**
 * The machine as the guest's logic sees it. Everything is synchronous and in bulk: starting a program costs about a
 * millisecond, so nothing is ever started once per file. `qjs/` implements it on QuickJS, the tests on a fake.
 */

/** How a program ended and what it printed. */
export interface Finished {
  /** Exit code; 127 where it could not be started; 128 + n where signal n ended it. */
  readonly code: number;
  /** In the codec of path.ts. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Bytes for standard input; none: empty. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** Where the program may be missing: that is code 127, or 126, then. */
  readonly mayLack?: boolean;
}

/** Programs joined by pipes, the first reading nothing, the last writing nowhere. */
export interface Pipeline {
  /** One argv for each part. */
  readonly parts: readonly (readonly string[])[];
  readonly cwd?: string;
  /** A few bytes that follow the first part's output once that has ended well, as if it had written them. */
  readonly followedBy?: Uint8Array;
}

/** How one part of a pipeline ended. */
export interface PartResult {
  readonly argv: readonly string[];
  readonly code: number;
  readonly stderr: string;
}

export type FileKind = 'file' | 'directory' | 'block' | 'other';

/** What is known of a path, symbolic links followed. */
export interface FileInfo {
  readonly kind: FileKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

export interface GuestSystem {
  /** Run a program to its end. One that cannot be run throws (ran.ts): that is no answer to what it was to find out. */
  run(argv: readonly string[], options?: RunOptions): Finished;
  /**
   * Run pipelines, at most `limit` at the same time, and tell of each as soon as all its parts have ended. Each is asked
   * for only when it is to start. Returning `false` from `onEnd` starts no further ones; those running are waited for.
   */
  pipelines(
    list: Iterable<Pipeline>,
    limit: number,
    onEnd: (index: number, parts: readonly PartResult[]) => boolean,
  ): void;
  /** The whole of a small file as text, in the codec of path.ts; `undefined` where it cannot be read. */
  readText(path: string): string | undefined;
  /** Bytes of a file, fewer where it ends; `undefined` where it cannot be opened. */
  readAt(path: string, offset: number, length: number): Uint8Array | undefined;
  /** Write a file anew; `false` where that failed. */
  write(path: string, content: string | Uint8Array): boolean;
  /**
   * Make a folder, for its owner alone unless told; returns why it could not be made, in the words of the system. One that is
   * there is left as it is.
   */
  makeFolder(path: string, mode?: number): string | undefined;
  /** Make a symbolic link, in place of one that is there; returns why it could not be made, in the words of the system. */
  link(target: string, path: string): string | undefined;
  /** What is at a path, links followed; `undefined` where there is nothing. */
  info(path: string): FileInfo | undefined;
  /** Where a symbolic link points; `undefined` where there is none. */
  readlink(path: string): string | undefined;
  /** Names in a folder in the order of their bytes, without `.` and `..`; `undefined` where it cannot be read. */
  list(path: string): string[] | undefined;
  /** Seconds since the kernel started; never goes back. */
  uptime(): number;
  sleep(milliseconds: number): void;
  /** A line on every console the kernel writes to. */
  print(line: string): void;
  /** An interactive shell on the console, until the user leaves it. */
  shell(): void;
}

/** The machine once it runs: what mkma's program there may ask of it besides. */
export interface RunningSystem extends GuestSystem {
  /** From here on a small program starts all others: this one is about to grow, and starting some costs by its size. */
  growLarge(): void;
  /** Start a program as `run` does. What is returned waits for its end; it is to be called once. */
  start(argv: readonly string[], options?: RunOptions): () => Finished;
  /** Make an empty file for its owner alone, in place of any other; returns why not, in the words of the system. */
  makeFile(path: string): string | undefined;
  /** Give a file another name on its file system, in whose place nothing is left; `false` where that failed. */
  rename(from: string, to: string): boolean;
  /** Append a file to another and remove it; returns why it could not be done, in the words of the system. */
  moveOnto(from: string, to: string): string | undefined;
  /**
   * Hold a lock on a file, which is made where it is not there, until the program ends. `false` where another holds it.
   */
  lock(path: string): boolean;
  /**
   * Run a program and read what it prints while it runs, in pieces that are only good until `onPiece` returns. Where that
   * returns `false` the program is left to end for want of a reader. Nothing of it is in the result's `stdout`.
   */
  readFrom(argv: readonly string[], onPiece: (piece: Uint8Array) => boolean): Finished;
  /** An environment variable as the caller has set it; `undefined` where it is not set or empty. */
  environment(name: string): string | undefined;
  /** Run a program on the terminal, or whatever the standard streams are; its exit code. */
  converse(argv: readonly string[]): number;
  /** Ctrl-C from here on ends the programs that run, and not this one, which then cleans up. */
  outliveInterrupts(): void;
  /** Whether there was one since. */
  interrupted(): boolean;
  /** Milliseconds since the epoch, as the clock has it. */
  now(): number;
}
