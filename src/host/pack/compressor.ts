/**
 * Runs zstd repeatedly, from a shell of its own: a fork of mkma costs many times as much as one of a shell,
 * and more the larger the tree whose listing is in memory.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { err, ok, type Result } from '../../core/result.js';
import { bytesReadByChildren } from '../sys/read-so-far.js';
import { failure, Interrupted, missingTool, type Running, start } from '../sys/run.js';

/**
 * Threads that only read and write (zstd 1.5.3 or newer) cost a sixth more than they gain while others run
 * beside it.
 */
const ARGUMENTS = ['-q', '--single-thread', '--no-asyncio', '--check'];
const SCRIPT = `while read -r level from to; do
"$@" ${ARGUMENTS.join(' ')} "-$level" -o "$to" -- "$from"; echo $?; done`;
/** A shell's exit code for a program that does not exist (sh(1), "Exit Status"). */
const NOT_FOUND = 127;

export interface CompressorOptions {
  /** The folder of all files named. */
  readonly folder: string;
  /** The words that start zstd; absent: that of this host. */
  readonly zstd?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Compressor {
  private readonly shell: Running;
  /** An exit code for each file. */
  private readonly answers: AsyncIterator<string>;

  constructor(private readonly options: CompressorOptions) {
    const { folder, zstd = ['zstd'] } = options;
    const command = { file: 'sh', args: ['-c', SCRIPT, 'sh', ...zstd], cwd: folder };
    this.shell = start(command, { stdin: 'pipe', stdout: 'pipe', signal: options.signal });
    const { stdin, stdout } = this.shell;
    if (stdin === null || stdout === null) throw new Error('the shell was started without pipes');
    // If the shell has ended, its answer is missing, which is detected.
    stdin.on('error', () => undefined);
    this.answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /**
   * Compresses the file `from` into the new file `to`, as one frame with content size and checksum; neither
   * name has blanks. `level`: 1 to 19. One at a time. Resolves to the frame's size.
   */
  async compress(from: string, to: string, level: number): Promise<Result<number>> {
    const { folder, signal } = this.options;
    this.shell.stdin?.write(`${level} ${from} ${to}\n`);
    const answer = await this.answers.next();
    if (signal?.aborted) throw new Interrupted();
    if (answer.value === '0') return ok(statSync(join(folder, to)).size);
    this.shell.stdin?.end();
    const ended = await this.shell.ended;
    if (!ended.ok) return ended;
    const exitCode = answer.done ? ended.value.exitCode : Number(answer.value);
    if (exitCode === NOT_FOUND) return err(missingTool('zstd'));
    const args = [...ARGUMENTS, `-${level}`, '-o', to, '--', from];
    return err(failure({ file: 'zstd', args, cwd: folder }, { ...ended.value, exitCode }));
  }

  /** About how many bytes of the current file have been read; 0 if there is none. */
  get bytesRead(): number {
    return bytesReadByChildren(this.shell.pid);
  }

  /** Ends the shell, and waits for its exit. */
  async close(): Promise<void> {
    this.shell.stdin?.end();
    await this.shell.ended;
  }
}
