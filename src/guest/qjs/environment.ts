/**
 * The environment of the programs that this one starts: of the caller's variables only those listed here, since tools read variables
 * by the dozen (TAR_OPTIONS, ZSTD_NBTHREADS, FIND_BLOCK_SIZE, a LANG= on the kernel command line), and some change what they do.
 */
import * as std from 'std';

const PASSES: readonly string[] = [
  'PATH', // where programs are
  'TMPDIR', // where there is room for what is needed for a moment: it changes no bytes
];

/** Make this program's environment the one for all that it starts. Returns what it was: the caller's, for programs that people talk to. */
export function takeEnvironment(): Readonly<Record<string, string>> {
  const caller = std.getenviron();
  for (const name of Object.keys(caller)) if (!PASSES.includes(name)) std.unsetenv(name);
  // What programs say is read, and names are bytes to them.
  std.setenv('LC_ALL', 'C');
  return caller;
}
