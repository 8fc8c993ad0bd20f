/** The environment of the programs that mkma runs: its own, whatever its caller has. */
import * as std from 'std';

/** Where Debian has its programs: the path of a caller who is no login shell of root lacks the half of it. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** What programs say is read, and names are bytes to them. Variables that change what programs do (`BLOCKSIZE`, `LIBMOUNT_*`, `ZSTD_CLEVEL`) stay out. */
export const HELPERS: Readonly<Record<string, string>> = { PATH, LC_ALL: 'C' };

/** Variables of the caller that this program has changed for itself: the engine looks for programs by its own. */
const callers = new Map<string, string | undefined>();

/** Where mkma.sh leaves the path of its caller, since it needs one to start the engine. */
const CALLERS_PATH = 'MKMA_CALLERS_PATH';

/** Take up the helpers' environment, as far as the engine starts programs by it. */
export function enterEnvironment(): void {
  for (const [name, value] of Object.entries(HELPERS)) {
    if (!callers.has(name)) callers.set(name, std.getenv(name));
    std.setenv(name, value);
  }
  const path = std.getenv(CALLERS_PATH);
  if (path === undefined) return;
  callers.set('PATH', path);
  std.unsetenv(CALLERS_PATH);
}

/** A variable as the caller has set it; `undefined` where it is not set. */
export function callersVariable(name: string): string | undefined {
  return callers.has(name) ? callers.get(name) : std.getenv(name);
}

/** Do something in the caller's own environment, as a person's programs are run. */
export function inCallersEnvironment<T>(work: () => T): T {
  for (const [name, value] of callers) {
    if (value === undefined) std.unsetenv(name);
    else std.setenv(name, value);
  }
  try {
    return work();
  } finally {
    enterEnvironment();
  }
}
