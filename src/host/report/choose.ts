/** Chooses the printer: JSON if requested, a live terminal if there is one, else plain lines. */
import { jsonPrinter } from './json.js';
import { plainPrinter } from './plain.js';
import type { Printer } from './printer.js';
import { terminalPrinter } from './terminal.js';

export interface PrinterChoice {
  readonly json: boolean;
  readonly verbose: boolean;
  /** The NO_COLOR convention (no-color.org). */
  readonly noColour: boolean;
  readonly terminalName: string | undefined;
}

export function choosePrinter(
  out: NodeJS.WriteStream,
  err: NodeJS.WriteStream,
  choice: PrinterChoice,
): Printer {
  if (choice.json) return jsonPrinter(out, err, choice);
  const live = err.isTTY === true && choice.terminalName !== 'dumb';
  if (!live) return plainPrinter(out, err, choice);
  return terminalPrinter(out, err, { verbose: choice.verbose, colours: !choice.noColour });
}
