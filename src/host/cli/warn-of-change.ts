/** Before images are used: whether they are of the definition that is meant. */
import { relative, resolve } from 'node:path';
import { ok, type Problem, type Result } from '../../core/result.js';
import { type Change, changeSince } from '../definition/built-from.js';
import { shown } from '../definition/load.js';
import { meantSource, type SourceOptions } from '../definition/source.js';
import { shellQuote } from '../sys/command.js';
import { programName, type Session } from './session.js';

interface UseOptions extends SourceOptions {
  readonly output: string;
}

/** Warn where the images in `output` were built from something else, or before it was changed. Fails where what was named cannot be. */
export function warnOfChange(session: Session, options: UseOptions): Result<void> {
  const meant = meantSource(options);
  if (!meant.ok) return meant;
  const change = changeSince(options.output, meant.value);
  if (change !== undefined) {
    session.context.emit({ type: 'warning', problem: problemOf(change, session, options) });
  }
  return ok();
}

/** The same for a command that needs no definition: nothing is meant where none is named and none lies in the current folder. */
export function warnWhereMeant(session: Session, options: UseOptions): Result<void> {
  const meant = meantSource(options);
  if (meant.ok && meant.value.file === undefined && options.preset === undefined) return ok();
  return warnOfChange(session, options);
}

function problemOf(change: Change, session: Session, options: UseOptions): Problem {
  if (change.kind === 'other') {
    return {
      code: 'images-of-another-definition',
      what: 'these images were built from something else',
      where: options.output,
      why: `they are of ${change.built}, not of ${change.meant}`,
      next: 'name what they are of with --config or --preset, or other images with --output, or build these anew',
    };
  }
  return {
    code: 'definition-changed',
    what: 'the definition has changed since these images were built',
    where: change.files.map(shown).join(', '),
    next: `build them again, so that they follow it: ${buildCommand(session, options)}`,
  };
}

/** The command that builds these images, as it has to be typed here. */
function buildCommand(session: Session, { config, output }: UseOptions): string {
  const named = config === undefined ? '' : ` --config ${shellQuote(config)}`;
  const where = output === resolve('mkma_images') ? '' : ` --output ${shellQuote(relative('.', output))}`;
  return `sudo ${programName(session)} build${named}${where}`;
}
