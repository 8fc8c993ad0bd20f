/** The program itself: its arguments, its streams, its end. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { Terminal } from '../terminal.js';
import { put } from './streams.js';

/** What the program was called with, without its own name. */
export function programArguments(): string[] {
  return scriptArgs.slice(1);
}

/** Standard output and error of the program, and how wide the terminal is. */
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
    // A serial line knows no size of its own: 0 columns are none that anybody has told it.
    ...(columns === undefined ? {} : { columns: columns === 0 ? 80 : columns }),
  };
}

/** Leave the program. For main.ts alone. */
export function exit(code: number): never {
  return std.exit(code);
}
