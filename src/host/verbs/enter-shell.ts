/** A shell inside a tree, at this terminal, with mounts in a namespace of its own. */
import { existsSync } from 'node:fs';
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { inTree } from '../sys/enter-tree.js';
import { type Finished, start } from '../sys/run.js';
import { resolveInTree } from '../sys/tree-files.js';

export interface EnteredTree {
  readonly root: string;
  /** What its prompt shows. */
  readonly name: string;
  /** Command to run; none: an interactive shell. */
  readonly command: readonly string[];
  /** Type of the terminal (TERM). */
  readonly terminal: string;
  /** Variables that name proxies. */
  readonly fetching: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** The shell of a tree; `undefined`: it has none yet. */
export function shellIn(root: string): readonly string[] | undefined {
  const has = (path: string): boolean => existsSync(resolveInTree(root, path, true));
  if (has('/bin/bash')) return ['/bin/bash', '-l'];
  return has('/bin/sh') ? ['/bin/sh', '-l'] : undefined;
}

/** Enters it; resolves to how the shell or the command ended. */
export function enterShell(
  tree: EnteredTree,
  { signal }: Pick<Context, 'signal'>,
): Promise<Result<Finished>> {
  const { root, terminal, fetching, name } = tree;
  const command = tree.command.length > 0 ? tree.command : (shellIn(root) ?? ['/bin/bash', '-l']);
  const env = {
    TERM: terminal,
    HISTFILE: '', // the shell's history is not part of the machine
    debian_chroot: name,
    ...tree.env,
  };
  // An interactive shell has its own process group: Ctrl-C in it does not reach mkma. One that does ends the
  // command.
  return start(inTree({ root, command, env, secretEnv: fetching }), {
    ...{ stdin: 'inherit', stdout: 'inherit', stderr: 'inherit', foreground: true },
    signal,
  }).ended;
}
