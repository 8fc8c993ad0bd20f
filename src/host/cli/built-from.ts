/** Before images are used: whether they are of the definition that is meant. */
import { ok, type Result } from '../../core/result.js';
import { changeSince } from '../definition/built-from.js';
import { Merged } from '../definition/merge.js';
import { addSource, definitionFile, type Source, type SourceOptions } from '../definition/source.js';
import type { Session } from './session.js';

/** Warn where the images in `output` were built from something else than this. */
export function warnOfChange({ context }: Session, output: string, source: Source): void {
  const problem = changeSince(output, source);
  if (problem !== undefined) context.emit({ type: 'warning', problem });
}

/**
 * The same for a command that needs no definition: by the one that is named, or lies in the current folder. Fails only where
 * one is named that cannot be read.
 */
export async function checkSource(
  session: Session,
  options: SourceOptions & { readonly output: string },
): Promise<Result<void>> {
  const named = options.config !== undefined || options.preset !== undefined;
  if (!named && definitionFile(options) === undefined) return ok();
  const source = await addSource(new Merged(), options);
  if (!source.ok) return named ? source : ok();
  warnOfChange(session, options.output, source.value);
  return ok();
}
