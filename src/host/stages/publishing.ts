/** The note of a build that is about to publish, in the records of its output folder. */
import { join } from 'node:path';
import { STATE } from '../sys/output.js';
import { BuildState } from './build-state.js';

/** Its name among the records: removed once everything has its final name. */
export const PUBLISHING = 'publishing';

/** The file with the records of an output folder. */
export function recordsFile(output: string): string {
  return join(output, STATE, 'state.json');
}

/** Whether a build was cut off while it published into this folder: its files may be of two builds. */
export function wasCutOff(output: string): boolean {
  return BuildState.read(recordsFile(output)).get(PUBLISHING) !== undefined;
}
