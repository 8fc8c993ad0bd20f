/** Driving the real command line, as a user would. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Problem } from '../../src/core/result.js';
import { removeTree } from '../../src/host/sys/remove.js';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const main = join(repository, 'dist/src/host/main.js');

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
  /** Called with everything printed on stderr so far, whenever there is more. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** Run mkma to its end. */
export function mkma(args: readonly string[], options: MkmaOptions = {}): Promise<Ended> {
  return execute(process.execPath, [main, ...args], options);
}

/** Run any program to its end; never fails by itself. */
export function execute(file: string, args: readonly string[], options: MkmaOptions = {}): Promise<Ended> {
  const child = spawn(file, args, {
    cwd: options.cwd ?? repository,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
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

/** A folder of one test, removed with it. */
export function temporary(): { path: string; [Symbol.dispose]: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'mkma-test-'));
  return { path, [Symbol.dispose]: () => removeTree(path) };
}
