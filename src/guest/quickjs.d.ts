/**
 * The parts of QuickJS's modules `std` and `os` that mkma uses, as of Debian's quickjs 2025.04.26 (trixie).
 */

declare module 'std' {
  /** A C `FILE`. */
  export interface File {
    close(): number;
    puts(text: string): void;
    flush(): void;
    /** Whether an error occurred since it was opened (ferror(3)). */
    error(): boolean;
    seek(offset: number, whence: number): number;
    read(buffer: ArrayBufferLike, position: number, length: number): number;
    write(buffer: ArrayBufferLike, position: number, length: number): number;
    readAsString(maxSize?: number): string;
    /** A line without its end; `null` at the end of the file. */
    getline(): string | null;
    tell(): number;
    fileno(): number;
  }
  export const SEEK_SET: number;
  export const SEEK_END: number;
  /** `null` if it cannot be opened. */
  export function open(path: string, flags: string): File | null;
  /** An unnamed file that is removed when closed; `null` on failure, and `error` gets its errno. */
  export function tmpfile(error?: { errno?: number }): File | null;
  /** `std.in`, under a name that is not a keyword. */
  const input: File;

  export { input as in };
  export const out: File;
  export const err: File;
  /** A small file as text; `null` if it cannot be read. */
  export function loadFile(path: string): string | null;
  export function setenv(name: string, value: string): void;
  export function unsetenv(name: string): void;
  export function getenv(name: string): string | undefined;
  export function fdopen(fd: number, flags: string): File | null;
  export function exit(code: number): never;
  /** The system's message for an errno. */
  export function strerror(errno: number): string;
}

declare module 'os' {
  export interface Stat {
    readonly dev: number;
    readonly ino: number;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly size: number;
    /** Milliseconds since the epoch. */
    readonly ctime: number;
  }
  export interface ExecOptions {
    /**
     * The whole environment of the program; inherited by default. The program itself is looked up on this
     * one's path.
     */
    readonly env?: Readonly<Record<string, string>>;
    /** Wait for its end: the result is its exit code, or minus the signal that ended it. */
    readonly block?: boolean;
    readonly cwd?: string;
    readonly stdin?: number;
    readonly stdout?: number;
    readonly stderr?: number;
  }
  export const S_IFMT: number;
  export const S_IFREG: number;
  export const S_IFDIR: number;
  export const S_IFBLK: number;
  /** Exit code or minus the signal (`block`), else the process id. */
  export function exec(argv: string[], options?: ExecOptions): number;
  /** Process id (or minus errno) and wait status. */
  export function waitpid(pid: number, options: number): [number, number];
  export function pipe(): [number, number] | null;
  export function close(fd: number): number;
  export const O_RDONLY: number;
  export const O_RDWR: number;
  export const O_WRONLY: number;
  export const O_APPEND: number;
  export const O_CREAT: number;
  export const O_EXCL: number;
  export const SIGINT: number;
  export const WNOHANG: number;
  export const SIGPIPE: number;
  /** A handler that runs when nothing else does; `null`: the default; `undefined`: ignore it. */
  export function signal(signal: number, handler: (() => void) | null | undefined): void;
  /** File descriptor, or minus errno. */
  export function open(path: string, flags: number, mode?: number): number;
  /** 0, or minus errno. */
  export function mkdir(path: string, mode?: number): number;
  /** 0, or minus errno. */
  export function symlink(target: string, path: string): number;
  /** Bytes read, or minus errno. */
  export function read(fd: number, buffer: ArrayBufferLike, offset: number, length: number): number;
  /** Bytes written, or minus errno. */
  export function write(fd: number, buffer: ArrayBufferLike, offset: number, length: number): number;
  /** 0, or minus errno. */
  export function remove(path: string): number;
  /** The new position, or minus errno. */
  export function seek(fd: number, offset: number, whence: number): number;
  /** 0, or minus errno. */
  export function rename(from: string, to: string): number;
  export function readdir(path: string): [string[], number];
  export function stat(path: string): [Stat | null, number];
  /** Like stat, for a link itself. */
  export function lstat(path: string): [Stat | null, number];
  export function readlink(path: string): [string, number];
  export function getpid(): number;
  export function isatty(fd: number): boolean;
  /** Columns and rows; `null` if it is not a terminal. */
  export function ttyGetWinSize(fd: number): [number, number] | null;
  export function sleep(milliseconds: number): number;
  /** Called whenever a descriptor can be read or has ended; `null`: no more. */
  export function setReadHandler(fd: number, handler: (() => void) | null): void;
  export function setTimeout(work: () => void, milliseconds: number): unknown;
  export function clearTimeout(timer: unknown): void;
}

declare const scriptArgs: string[];
