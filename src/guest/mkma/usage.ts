/** Help and usage errors of the parser, in mkma's form. */
import {
  AliasNotFoundError,
  type ApplicationText,
  ArgumentScannerError,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  text_en,
} from '@stricli/core';
import { type Problem, renderProblem } from '../../core/result.js';
import { Failed } from './session.js';

/** The lines of a problem that ends the program. */
export function complaint(problem: Problem): string {
  return `error: ${renderProblem(problem).join('\n')}`;
}

/** The texts of the parser. */
export const TEXT: ApplicationText = {
  ...text_en,
  headers: {
    ...text_en.headers,
    usage: 'Usage',
    commands: 'Commands',
    flags: 'Options',
    arguments: 'Arguments',
  },
  briefs: { ...text_en.briefs, help: 'print this help', argumentEscapeSequence: 'end of options' },
  noCommandRegisteredForInput: ({ input, corrections }) =>
    complaint({
      code: 'unknown-command',
      what: `unknown command '${input}'`,
      ...next(corrections.map(bare)),
    }),
  exceptionWhileParsingArguments: (error) => complaint(wrongArgument(error)),
  commandErrorResult: (error) => complaint(error instanceof Failed ? error.problem : fault(error)),
  exceptionWhileRunningCommand: (error) => complaint(fault(error)),
};

function wrongArgument(error: unknown): Problem {
  if (error instanceof FlagNotFoundError) {
    return {
      code: 'unknown-option',
      what: `unknown option '--${error.input}'`,
      ...next(error.corrections.map((flag) => `--${flag}`)),
    };
  }
  if (error instanceof AliasNotFoundError)
    return { code: 'unknown-option', what: `unknown option '-${error.input}'`, ...next() };
  if (!(error instanceof ArgumentScannerError)) return fault(error);
  return { code: 'arguments-invalid', what: formatMessageForArgumentScannerError(error, {}), ...next() };
}

function next(corrections: readonly string[] = []): Pick<Problem, 'next' | 'suggestion'> {
  const near = corrections[0];
  const help = 'see mkma --help';
  return near === undefined ? { next: help } : { next: `did you mean ${near}? ${help}`, suggestion: near };
}

/** A command's name without the parser's quotes. */
function bare(name: string): string {
  return name.replaceAll('`', '');
}

/** A bug, with what a report of it needs. */
function fault(cause: unknown): Problem {
  const why = cause instanceof Error ? `${cause.message}\n${cause.stack ?? ''}`.trimEnd() : String(cause);
  return {
    code: 'bug',
    what: 'a bug in mkma',
    why,
    next: 'please report it, with the command and these lines',
  };
}
