/** Driving the real command line, as a user would. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Problem } from '../../src/core/result.js';
import { dropEmpty, earlyFlags } from '../../src/host/cli/early-flags.js';
import { runProgram } from '../../src/host/cli/program.js';
import { choosePrinter } from '../../src/host/report/choose.js';
import { readCaller } from '../../src/host/sys/caller.js';
import { removeTree } from '../../src/host/sys/remove.js';
import { isInOwnMounts } from './persist/namespace.js';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const main = join(repository, 'dist/host/main.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MkmaOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Run as this user and group. */
  readonly uid?: number;
  /** Called with the program once it was started. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with everything printed on stderr so far, whenever there is more. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** Run mkma to its end. */
export function mkma(args: readonly string[], options: MkmaOptions = {}): Promise<Ended> {
  return execute(process.execPath, [main, ...args], options);
}

/**
 * Run mkma to its end in this process: the same command line without the second that a start takes. For what does not depend on main.ts,
 * which has the signals, the mounts, and the faults that no step foresaw. A build needs a test that is in mounts of its own. One at a time, and
 * options take their variables from this process.
 */
export async function mkmaHere(
  args: readonly string[],
  { env: more, cwd = repository }: Pick<MkmaOptions, 'env' | 'cwd'> = {},
): Promise<Ended> {
  const env = { ...process.env, ...more };
  dropEmpty(env);
  const printed = { stdout: '', stderr: '' };
  const printing = (name: keyof typeof printed) => (text: string) => {
    printed[name] += text;
  };
  const stream = (name: keyof typeof printed) => ({ write: printing(name) }) as unknown as NodeJS.WriteStream;
  const flags = earlyFlags(args);
  const printer = choosePrinter(stream('stdout'), stream('stderr'), {
    ...flags,
    ...{ noColour: true, terminalName: undefined },
  });
  const session = {
    context: { emit: printer.emit, signal: new AbortController().signal },
    ...{ printer, env, json: flags.json, interactive: false, caller: readCaller(env) },
    ownMounts: isInOwnMounts(),
  };
  const [mask, folder] = [process.umask(0o022), process.cwd()];
  process.chdir(cwd);
  try {
    const code = await runProgram(args, session, printing('stdout'));
    return { code, ...printed };
  } finally {
    printer.close();
    process.umask(mask);
    process.chdir(folder);
  }
}

/**
 * Run any program to its end; one that does not exist ends with 127. Should this test be ended, as the runner does at its limit, the
 * program is asked to end as well: mkma takes its virtual machine and its mounts with it. What a shell has started is not reached.
 */
export function execute(file: string, args: readonly string[], options: MkmaOptions = {}): Promise<Ended> {
  const child = spawn('/usr/bin/setpriv', ['--pdeathsig', 'TERM', file, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  options.onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onStderr?.(stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The code of the problem that a command run with `--json` ended with; fails where it has none. */
export function codeOf({ stdout, stderr }: Ended): string {
  const { error } = JSON.parse(stdout) as { readonly error?: Problem };
  assert.ok(error?.code, `no problem with a code:\n${stdout}${stderr}`);
  return error.code;
}

/** What all folders of tests that run at a time may come to: trees and images of four builds. */
const ROOM = 4 * 2 ** 30;

/** Where folders of tests lie: in RAM where that has room, since trees are thousands of small files. */
function parentOfFolders(): string {
  const shm = '/dev/shm';
  const { bavail, bsize } = existsSync(shm) ? statfsSync(shm) : { bavail: 0, bsize: 0 };
  return bavail * bsize >= ROOM ? shm : tmpdir();
}

/** A folder of one test, removed with it. `TMPDIR` says where they are to lie; `onDisk`: where that matters, not in RAM. */
export function temporary({ onDisk = false } = {}): { path: string; [Symbol.dispose]: () => void } {
  const path = mkdtempSync(join(process.env.TMPDIR ?? (onDisk ? tmpdir() : parentOfFolders()), 'mkma-test-'));
  return { path, [Symbol.dispose]: () => removeTree(path) };
}
