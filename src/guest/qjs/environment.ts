/** The environment of the programs that mkma runs: its own, independent of the caller's. */
import * as std from 'std';

/** Debian's default path: that of a caller who is not in a login shell of root lacks half of it. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The output of programs is parsed, and names are bytes to them. Variables that change their behaviour
 * (`BLOCKSIZE`, `LIBMOUNT_*`, `ZSTD_CLEVEL`) stay out.
 */
export const HELPERS: Readonly<Record<string, string>> = { PATH, LC_ALL: 'C' };

/**
 * Variables of the caller that this program has changed for itself: the engine looks for programs on its own
 * path.
 */
const callers = new Map<string, string | undefined>();

/** Where mkma.sh leaves the path of its caller, since it needs one to start the engine. */
const CALLERS_PATH = 'MKMA_CALLERS_PATH';

/** Sets the programs' environment, as far as the engine uses it to start programs. */
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

/** A variable as set by the caller; `undefined` if it is not set. */
export function callersVariable(name: string): string | undefined {
  return callers.has(name) ? callers.get(name) : std.getenv(name);
}

/** Does something in the caller's own environment, for programs that a person uses. */
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
