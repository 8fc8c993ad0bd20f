/** Numbers of accounts that an output folder's builds keep, in its records beside those of the stages. */
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { type AccountNumbers, numbersToKeep } from '../../core/records/kept-numbers.js';
import { treeNumbers } from '../customise/kept-numbers.js';
import type { BuildState, StageRecord } from '../stages/build-state.js';
import type { Work } from './work.js';

/** The name of the record, written when a base is published. */
export const ACCOUNTS = 'accounts';

/** Of a new folder. */
export const NO_NUMBERS: AccountNumbers = { users: {}, groups: {}, subuid: {}, subgid: {} };

/**
 * Those of the base published last, or of `chroot/` if an older mkma published it. None in a new folder. With
 * a lock, its numbers in every folder.
 */
export function lastNumbers({ state, output, settings }: Work): AccountNumbers {
  if (settings.lock !== undefined) return settings.lock.accounts;
  return recordedNumbers(state) ?? treeNumbers(join(output.path, FILES.chroot)) ?? NO_NUMBERS;
}

/** Those that a folder's records have. */
export function recordedNumbers(state: BuildState): AccountNumbers | undefined {
  return recorded(state.get(ACCOUNTS));
}

/** The record of a base made of the tree at `root`. */
export function numbersRecord(work: Work, root: string): StageRecord {
  const numbers = numbersToKeep(lastNumbers(work), treeNumbers(root) ?? NO_NUMBERS);
  return { inputs: {}, at: new Date().toISOString(), output: { numbers: JSON.stringify(numbers) } };
}

/** `undefined` if there is none, or it is damaged. */
function recorded(record: StageRecord | undefined): AccountNumbers | undefined {
  try {
    const numbers = JSON.parse(record?.output.numbers ?? '') as Partial<AccountNumbers>;
    const all = (of: unknown, type: string): boolean =>
      typeof of === 'object' && of !== null && Object.values(of).every((one) => typeof one === type);
    const { users, groups, subuid, subgid } = numbers;
    const isWhole = all(users, 'number') && all(groups, 'number');
    return isWhole && all(subuid, 'string') && all(subgid, 'string')
      ? (numbers as AccountNumbers)
      : undefined;
  } catch {
    return undefined;
  }
}
