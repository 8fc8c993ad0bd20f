/** A machine in memory: programs answer from a table, files lie in a map, and time passes when somebody sleeps. */
import { decodeName, encodeName } from '../../../src/core/text/path.js';
import { ran } from '../../../src/guest/ran.js';
import type {
  FileInfo,
  Finished,
  KeyTerminal,
  PartResult,
  Pipeline,
  RunningSystem,
  RunOptions,
} from '../../../src/guest/system.js';

export interface FakeFile {
  readonly kind?: FileInfo['kind'];
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: string | Uint8Array;
  /** Where it points, if it is a symbolic link. */
  readonly link?: string;
}

export type Answer = Partial<Finished>;

export class FakeMachine implements RunningSystem {
  readonly files = new Map<string, FakeFile>();
  readonly calls: string[] = [];
  /** What programs were given to read, with their calls. */
  readonly inputs: [call: string, input: string][] = [];
  readonly lines: string[] = [];
  readonly started: Pipeline[] = [];
  shells = 0;
  clock = 10;
  /** Answers a program; `undefined`: it ends well and prints nothing. */
  answer: (argv: readonly string[], machine: FakeMachine) => Answer | undefined = () => undefined;
  /** Results of a pipeline's parts; `undefined`: all end well. */
  partAnswer: (argv: readonly string[], pipeline: Pipeline) => Answer | undefined = () => undefined;

  run(argv: readonly string[], options: RunOptions = {}): Finished {
    this.calls.push(argv.join(' '));
    const input = options.secret ?? options.input ?? '';
    this.inputs.push([argv.join(' '), typeof input === 'string' ? input : decodeName(input)]);
    const finished = { code: 0, stdout: '', stderr: '', ...this.answer(argv, this) };
    return options.mayLack === true ? finished : ran(argv, finished);
  }

  pipelines(
    list: Iterable<Pipeline>,
    _limit: number,
    onEnd: (index: number, parts: readonly PartResult[]) => boolean,
  ): void {
    for (const [index, pipeline] of [...list].entries()) {
      this.started.push(pipeline);
      const parts = pipeline.parts.map((argv) => ({
        argv,
        code: 0,
        stderr: '',
        ...this.partAnswer(argv, pipeline),
      }));
      if (!onEnd(index, parts)) return;
    }
  }

  readText(path: string): string | undefined {
    const content = this.files.get(path)?.content;
    return typeof content === 'string' ? content : undefined;
  }

  readAt(path: string, offset: number, length: number): Uint8Array | undefined {
    const content = this.files.get(path)?.content;
    return content instanceof Uint8Array ? content.slice(offset, offset + length) : undefined;
  }

  write(path: string, content: string | Uint8Array): boolean {
    this.files.set(path, { content });
    return true;
  }

  info(path: string): FileInfo | undefined {
    const file = this.files.get(path);
    if (file === undefined || file.link !== undefined) return undefined;
    const { kind = 'file', mode = 0o644, uid = 0, gid = 0, content } = file;
    return { kind, mode, uid, gid, size: content?.length ?? 0 };
  }

  readlink(path: string): string | undefined {
    return this.files.get(path)?.link;
  }

  list(path: string): string[] | undefined {
    if (this.files.get(path)?.kind !== 'directory') return undefined;
    const prefix = `${path}/`;
    const below = [...this.files.keys()].filter((name) => name.startsWith(prefix));
    return below
      .map((name) => name.slice(prefix.length))
      .filter((name) => !name.includes('/'))
      .sort();
  }

  rename(from: string, to: string): boolean {
    const file = this.files.get(from);
    if (file === undefined) return false;
    this.files.delete(from);
    this.files.set(to, file);
    return true;
  }

  runApart(argv: readonly string[]): Finished {
    return this.run(argv);
  }

  growLarge(): void {}

  start(argv: readonly string[], options: RunOptions = {}): () => Finished {
    const ended = this.run(argv, options);
    return () => ended;
  }

  makeFolder(path: string, mode = 0o700): string | undefined {
    const { code, stderr } = this.run(['mkdir', path]);
    if (code !== 0) return stderr;
    this.files.set(path, { kind: 'directory', mode });
    return undefined;
  }

  link(target: string, path: string): string | undefined {
    this.files.set(path, { link: target });
    return undefined;
  }

  makeFile(path: string): string | undefined {
    this.files.set(path, { mode: 0o600, content: '' });
    return undefined;
  }

  moveOnto(from: string, to: string): string | undefined {
    const file = this.files.get(from);
    if (file === undefined || !this.files.has(to)) return 'No such file or directory';
    this.files.delete(from);
    return undefined;
  }

  /** What a program prints that is read while it runs; `undefined`: nothing. */
  output: (argv: readonly string[]) => Uint8Array | undefined = () => undefined;

  readFrom(argv: readonly string[], onPiece: (piece: Uint8Array) => boolean): Finished {
    const bytes = this.output(argv) ?? new Uint8Array(0);
    for (let at = 0; at < bytes.length; at += 1000) {
      const piece = bytes.slice(at, at + 1000);
      const more = onPiece(piece);
      piece.fill(0xff);
      if (!more) return { ...this.run(argv), code: 128 + 13, stdout: '' };
    }
    return { ...this.run(argv), stdout: '' };
  }

  readonly variables = new Map<string, string>();
  locked = false;
  /** What a program on the terminal comes to. */
  conversation: (argv: readonly string[]) => number = () => 0;

  lock(): boolean {
    return !this.locked;
  }

  unlock(): void {}

  environment(name: string): string | undefined {
    return this.variables.get(name);
  }

  converse(argv: readonly string[]): number {
    this.calls.push(argv.join(' '));
    return this.conversation(argv);
  }

  outliveInterrupts(): void {}

  interrupted(): boolean {
    return false;
  }

  now(): number {
    return Date.UTC(2026, 0, 31, 12, 34, 56) + this.clock * 1000;
  }

  uptime(): number {
    return this.clock;
  }

  sleep(milliseconds: number): void {
    this.clock += milliseconds / 1000;
  }

  print(line: string): void {
    this.lines.push(line);
  }

  shell(): void {
    this.shells++;
  }

  /** What is typed on terminals, by their paths: one piece for each time a terminal is read. */
  readonly typed = new Map<string, string[]>();
  /** What was shown on them. */
  readonly shown = new Map<string, string>();

  openTerminal(path: string): KeyTerminal | undefined {
    const pieces = this.typed.get(path);
    if (pieces === undefined) return undefined;
    this.calls.push(`open ${path}`);
    let silent = 0;
    return {
      path,
      read: () => {
        // What waits for keys that nobody types would wait forever.
        if (pieces.length === 0 && ++silent > 10_000) throw new Error(`nothing is typed on ${path}`);
        return encodeName(pieces.shift() ?? '');
      },
      write: (text) => void this.shown.set(path, (this.shown.get(path) ?? '') + text),
      close: () => void this.calls.push(`close ${path}`),
    };
  }
}
