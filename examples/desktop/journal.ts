// Errors that the journal of a sound desktop holds, and why.
import type { Guest } from 'mkma';

const KNOWN: readonly (readonly [RegExp, string])[] = [];

/** Lines of the journal with the priority of an error or worse that are not known. */
export async function journal(guest: Guest): Promise<string[]> {
  const lines = await guest.ok('journalctl --boot --priority=err --output=short --no-hostname --quiet');
  return lines.split('\n').filter((line) => line !== '' && !KNOWN.some(([known]) => known.test(line)));
}
