/** What the parser has to complain of, told as problems are told everywhere in mkma. */
import {
  AliasNotFoundError,
  type ApplicationText,
  ArgumentScannerError,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  text_en,
} from '@stricli/core';
import { type Problem, tellProblem } from '../../core/result.js';
import { Failed } from './session.js';

/** The lines of a problem that ends the program. */
export function complaint(problem: Problem): string {
  return `error: ${tellProblem(problem).join('\n')}`;
}

/** What the parser prints, in mkma's words. */
export const TEXT: ApplicationText = {
  ...text_en,
  headers: { ...text_en.headers, usage: 'Usage', commands: 'Commands', flags: 'Options' },
  briefs: { ...text_en.briefs, help: 'this help', argumentEscapeSequence: 'no options follow' },
  noCommandRegisteredForInput: ({ input, corrections }) =>
    complaint({ what: `unknown command '${input}'`, next: next(corrections.map(bare)) }),
  exceptionWhileParsingArguments: (error) => complaint(wrongArgument(error)),
  commandErrorResult: (error) => complaint(error instanceof Failed ? error.problem : fault(error)),
  exceptionWhileRunningCommand: (error) => complaint(fault(error)),
};

function wrongArgument(error: unknown): Problem {
  if (error instanceof FlagNotFoundError) {
    return {
      what: `unknown option '--${error.input}'`,
      next: next(error.corrections.map((flag) => `--${flag}`)),
    };
  }
  if (error instanceof AliasNotFoundError) return { what: `unknown option '-${error.input}'`, next: next() };
  if (!(error instanceof ArgumentScannerError)) return fault(error);
  return { what: formatMessageForArgumentScannerError(error, {}), next: next() };
}

function next(corrections: readonly string[] = []): string {
  const near = corrections[0];
  return `${near === undefined ? '' : `did you mean ${near}? `}mkma --help lists what there is`;
}

/** A verb's name without the marks that the parser puts around it. */
function bare(name: string): string {
  return name.replaceAll('`', '');
}

/** A bug: what the report of it needs. */
function fault(cause: unknown): Problem {
  const why = cause instanceof Error ? `${cause.message}\n${cause.stack ?? ''}`.trimEnd() : String(cause);
  return { what: 'a fault of mkma itself', why, next: 'please report it, with the command and these lines' };
}
