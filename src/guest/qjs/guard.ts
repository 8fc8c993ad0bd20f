/**
 * The guardian of groups that stand still: a process of its own, in a session and a control group of its own,
 * that lets them go on as soon as the one that has stopped them ends, however that comes about, or takes too
 * long.
 */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import { HELPERS } from './environment.js';

const PROGRAM = '/usr/lib/mkma/still.js';

/** Starts it, and waits until it is ready; the returned function ends it. */
export function guard(
  groups: readonly string[],
  seconds: number,
  hierarchy: string,
): (() => void) | undefined {
  // The guardian reads the end of a pipe of which this process alone has the other.
  const [held, ready] = [os.pipe(), os.pipe()];
  if (held === null || ready === null) return undefined;
  const argv = ['setsid', 'qjs', '-m', PROGRAM, 'guard', hierarchy, String(seconds), ...groups];
  const pid = os.exec(argv, { block: false, env: HELPERS, stdin: held[0], stdout: ready[1] });
  os.close(held[0]);
  os.close(ready[1]);
  const isReady = os.read(ready[0], new ArrayBuffer(1), 0, 1) === 1;
  os.close(ready[0]);
  const release = (): void => {
    os.close(held[1]);
    os.waitpid(pid, 0);
  };
  if (isReady) return release;
  release();
  return undefined;
}

/** SIGHUP, SIGINT, SIGTERM (signal(7)): none of them may end it. */
const IGNORED = [1, 2, 15];

/** The other side: calls `thaw` once the pipe has ended, or after so many seconds. */
export function serveGuard(seconds: number, thaw: () => void): void {
  for (const signal of IGNORED) os.signal(signal, undefined);
  const end = (): void => {
    thaw();
    os.setReadHandler(0, null);
    os.clearTimeout(timer);
  };
  const timer = os.setTimeout(end, seconds * 1000);
  os.setReadHandler(0, end);
  os.write(1, new Uint8Array([1]).buffer, 0, 1);
}
