/** The reference of this program: npm run reference writes it, and a test compares it. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { referenceFiles } from '../reference/reference.js';
import { makeProgram } from './program.js';
import type { Session } from './session.js';

export function referenceOfThis(): Readonly<Record<string, string>> {
  const nothing = (): void => undefined;
  // Commands use their session only when they run.
  const program = makeProgram({} as Session, nothing, { out: nothing, complain: nothing });
  return referenceFiles(program as unknown as CommandUnknownOpts);
}
