/** The program itself: its arguments, its streams, its exit. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { Terminal } from '../terminal.js';
import { put } from './streams.js';

/** The arguments of the program, without its own name. */
export function programArguments(): string[] {
  return scriptArgs.slice(1);
}

/** Standard output and error of the program, and the width of the terminal. */
export function quickjsTerminal(): Terminal {
  const columns = os.isatty(1) ? (os.ttyGetWinSize(1)?.[0] ?? 0) : undefined;
  return {
    out(text) {
      put(std.out, text);
      std.out.flush();
    },
    err(text) {
      put(std.err, text);
      std.err.flush();
    },
    // A serial line has no size: 0 columns mean unknown.
    ...(columns === undefined ? {} : { columns: columns === 0 ? 80 : columns }),
  };
}

/** Exits the program. Only for main.ts. */
export function exit(code: number): never {
  return std.exit(code);
}
