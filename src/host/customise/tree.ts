/** The tree of the machine being built, and programs run in it. */
import { ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { step } from '../stage.js';
import type { Command } from '../sys/command.js';
import { inTree } from '../sys/enter-tree.js';
import { run } from '../sys/run.js';
import { TreeFiles } from '../sys/tree-files.js';

export interface ScriptOptions {
  readonly input?: string | Uint8Array | undefined;
}

export class Tree {
  readonly files: TreeFiles;

  /**
   * `mtime` in seconds for everything written; none: now. `fetching`: variables for programs that fetch,
   * which may hold passwords. `network`: whether programs reach this host's network.
   */
  constructor(
    readonly root: string,
    private readonly context: Context,
    private readonly mtime?: number,
    private readonly fetching?: Readonly<Record<string, string>>,
    private readonly network = true,
  ) {
    this.files = new TreeFiles(root, mtime);
  }

  /** The same tree, reporting to another context. */
  reporting(context: Context): Tree {
    return new Tree(this.root, context, this.mtime, this.fetching);
  }

  /** Does a part of the work as a step of the stage. */
  step<T>(name: string, work: (tree: Tree) => Promise<Result<T>>): Promise<Result<T>> {
    return step(this.context, 'system', name, (inner) => work(this.reporting(inner)));
  }

  /** Reports what is wrong although the tree can be made. */
  warn(problem: Problem): void {
    this.context.emit({ type: 'warning', problem });
  }

  /**
   * Runs shell commands in the tree; they stop at the first that fails, which is the Problem. Resolves to
   * their output.
   */
  async script(commands: string, { input }: ScriptOptions = {}): Promise<Result<string>> {
    if (commands.trim() === '') return ok('');
    return this.run(['sh', '-e', '-c', commands], input);
  }

  /** Runs a program in the tree; `as` may wrap the command that enters the tree. */
  async run(
    command: readonly string[],
    input?: string | Uint8Array,
    as: (entering: Command) => Command = (entering) => entering,
  ): Promise<Result<string>> {
    const env = {
      DEBIAN_FRONTEND: 'noninteractive',
      ...(this.mtime === undefined ? {} : { SOURCE_DATE_EPOCH: String(this.mtime) }),
    };
    const started = inTree({
      ...{ root: this.root, command, env, secretEnv: this.fetching, network: this.network },
      ...(input === undefined ? {} : { input }),
    });
    const onLine = (line: string): void => this.context.emit({ type: 'output', stage: 'system', line });
    const done = await run(as(started), { signal: this.context.signal, onLine });
    return done.ok ? ok(done.value.stdout) : done;
  }
}
