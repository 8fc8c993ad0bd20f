/**
 * The machine as seen by the guest's logic. Everything is synchronous and in bulk: starting a program costs
 * about a millisecond, so none is ever started per file. `qjs/` implements it on QuickJS, the tests on a
 * fake.
 */

/** How a program ended and what it printed. */
export interface Finished {
  /** Exit code; 127 if it could not be started; 128 + n if signal n ended it. */
  readonly code: number;
  /** In the codec of path.ts. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Bytes for standard input; empty by default. */
  readonly input?: string | Uint8Array;
  /**
   * Instead of it: a few bytes that must not be in a file anywhere, at most 64 KiB (the capacity of a pipe).
   */
  readonly secret?: Uint8Array;
  readonly cwd?: string;
  /** The program may be missing: the exit code is then 127 or 126. */
  readonly mayLack?: boolean;
}

/** Programs joined by pipes, the first without input, the last without output. */
export interface Pipeline {
  /** One argv for each part. */
  readonly parts: readonly (readonly string[])[];
  readonly cwd?: string;
  /** A few bytes that follow the first part's output if that succeeds, as if it had written them. */
  readonly followedBy?: Uint8Array;
}

/** How one part of a pipeline ended. */
export interface PartResult {
  readonly argv: readonly string[];
  readonly code: number;
  readonly stderr: string;
}

export type FileKind = 'file' | 'directory' | 'block' | 'other';

/** Information about a path, symbolic links followed. */
export interface FileInfo {
  readonly kind: FileKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** A terminal that reads single keys without showing them. */
export interface KeyTerminal {
  readonly path: string;
  /** What was typed since; without waiting. */
  read(): Uint8Array;
  write(text: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

export interface GuestSystem {
  /** Runs a program to its end. Throws if it cannot be run (ran.ts): that is not an answer. */
  run(argv: readonly string[], options?: RunOptions): Finished;
  /**
   * Runs pipelines, at most `limit` at the same time, and reports each as soon as all its parts have ended.
   * Each is taken from the list only when it starts. If `onEnd` returns `false`, no further ones start; those
   * running are waited for.
   */
  pipelines(
    list: Iterable<Pipeline>,
    limit: number,
    onEnd: (index: number, parts: readonly PartResult[]) => boolean,
  ): void;
  /** The whole of a small file as text, in the codec of path.ts; `undefined` if it cannot be read. */
  readText(path: string): string | undefined;
  /** Bytes of a file, fewer at its end; `undefined` if it cannot be opened. */
  readAt(path: string, offset: number, length: number): Uint8Array | undefined;
  /** Writes a file, replacing its content; `false` on failure. */
  write(path: string, content: string | Uint8Array): boolean;
  /**
   * Creates a folder, accessible to its owner only by default; returns the system's error, if any. An
   * existing one is left as it is.
   */
  makeFolder(path: string, mode?: number): string | undefined;
  /** Creates a symbolic link, replacing an existing one; returns the system's error, if any. */
  link(target: string, path: string): string | undefined;
  /** Information about a path, links followed; `undefined` if it does not exist. */
  info(path: string): FileInfo | undefined;
  /** The target of a symbolic link; `undefined` if it is not one. */
  readlink(path: string): string | undefined;
  /**
   * Names in a folder in the order of their bytes, without `.` and `..`; `undefined` if it cannot be read.
   */
  list(path: string): string[] | undefined;
  /** Seconds since the kernel started; monotonic. */
  uptime(): number;
  sleep(milliseconds: number): void;
  /** Prints a line on every console the kernel writes to. */
  print(line: string): void;
  /** Opens an interactive shell on the console, until the user exits it. */
  shell(): void;
  /** Opens a terminal for keys; `undefined` if it is not there. */
  openTerminal(path: string): KeyTerminal | undefined;
}

/** The running machine, for mkma's program there. */
export interface RunningSystem extends GuestSystem {
  /**
   * From here on a small program starts all others: this one is about to grow, and the cost of a start
   * depends on its size.
   */
  growLarge(): void;
  /** Starts a program like `run`. The returned function waits for its end; call it once. */
  start(argv: readonly string[], options?: RunOptions): () => Finished;
  /**
   * Creates an empty file, accessible to its owner only, replacing any other; returns the system's error, if
   * any.
   */
  makeFile(path: string): string | undefined;
  /** Renames a file on its file system, replacing nothing; `false` on failure. */
  rename(from: string, to: string): boolean;
  /** Appends a file to another and removes it; returns the system's error, if any. */
  moveOnto(from: string, to: string): string | undefined;
  /**
   * Takes a lock on a file, which is created if missing, until the program ends. `false` if another holds it.
   */
  lock(path: string): boolean;
  /** Releases a lock before that. */
  unlock(path: string): void;
  /**
   * Runs a program and reads its output while it runs, in pieces that are valid only until `onPiece` returns.
   * If that returns `false`, the program is left to end for want of a reader. The result's `stdout` is empty.
   */
  readFrom(argv: readonly string[], onPiece: (piece: Uint8Array) => boolean): Finished;
  /**
   * Runs a program that goes on if this one ends, whatever ends it, in a session of its own. Waits for its
   * end.
   */
  runApart(argv: readonly string[]): Finished;
  /** An environment variable as set by the caller; `undefined` if unset or empty. */
  environment(name: string): string | undefined;
  /** Runs a program on this program's own standard streams; returns its exit code. */
  converse(argv: readonly string[]): number;
  /** From here on Ctrl-C ends the programs that run, but not this one, which cleans up. */
  outliveInterrupts(): void;
  /** Whether Ctrl-C was pressed since. */
  interrupted(): boolean;
  /** Milliseconds since the epoch, by the clock. */
  now(): number;
}
