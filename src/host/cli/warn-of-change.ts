/** Warns if images were not built from the current definition. */
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import { type Change, changeSince } from '../definition/built-from.js';
import { shown } from '../definition/load.js';
import { meantSource, type SourceOptions } from '../definition/source.js';
import { shellQuote } from '../sys/command.js';
import { programName, type Session } from './session.js';

interface UseOptions extends SourceOptions {
  readonly output: string;
}

/**
 * Warn if the images in `output` were built from another definition, or before it changed. Fails if --config
 * or --preset is wrong.
 */
export function warnOfChange(session: Session, options: UseOptions): Result<void> {
  const meant = meantSource(options);
  if (!meant.ok) return meant;
  const change = changeSince(options.output, meant.value);
  if (change !== undefined) {
    session.context.emit({ type: 'warning', problem: problemOf(change, session, options) });
  }
  return ok();
}

/**
 * The same for a command that requires no definition: without options, and without one in the current folder,
 * it warns of nothing.
 */
export function warnWhereMeant(session: Session, options: UseOptions): Result<void> {
  const meant = meantSource(options);
  if (meant.ok && meant.value.file === undefined && options.preset === undefined) return ok();
  return warnOfChange(session, options);
}

function problemOf(change: Change, session: Session, options: UseOptions): Problem {
  if (change.kind === 'other') {
    return {
      code: 'images-of-another-definition',
      what: 'the images were built from another definition',
      where: options.output,
      why: `they were built from ${change.built}, not from ${change.meant}`,
      next: 'name that one with --config or --preset, name other images with --output, or build again',
    };
  }
  return {
    code: 'definition-changed',
    what: 'the definition has changed since the images were built',
    where: change.files.map(shown).join(', '),
    next: `build again: ${buildCommand(session, options)}`,
  };
}

/** The command that builds these images, as it is typed here. */
function buildCommand(session: Session, { config, output }: UseOptions): string {
  const named = config === undefined ? '' : ` --config ${shellQuote(config)}`;
  const where = output === resolve('mkma_images') ? '' : ` --output ${shellQuote(relative('.', output))}`;
  const sudo = builtWithoutRoot(session, output) ? '' : 'sudo ';
  return `${sudo}${programName(session)} build${named}${where}`;
}

/** Whether this user, not root, built into the folder. */
function builtWithoutRoot({ caller }: Session, output: string): boolean {
  const uid = statSync(join(output, FILES.chroot), { throwIfNoEntry: false })?.uid;
  return !caller.root && uid === process.getuid?.();
}
