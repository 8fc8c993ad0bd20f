/** Options of `mkma install` about encryption: whether they fit each other and the medium. Pure. */
import type { Problem } from '../../../core/result.js';
import type { FoundMedium } from '../../media/medium.js';
import type { InstallOptions } from './options.js';

type Unfit = Pick<Problem, 'what' | 'why' | 'next'>;

/** What is wrong with them; `undefined`: nothing. `medium`: the one that is there and stays. */
export function unfitEncryption(
  options: Pick<InstallOptions, 'encrypt' | 'keyMemory' | 'passphraseGiven'>,
  medium: FoundMedium | undefined,
): Unfit | undefined {
  return medium === undefined ? unfitNew(options) : unfitExisting(options, medium.encrypted !== undefined);
}

/** Whoever names a passphrase wants encryption: a medium without it would have everything in the open. */
function unfitNew({
  encrypt,
  keyMemory,
  passphraseGiven,
}: Parameters<typeof unfitEncryption>[0]): Unfit | undefined {
  if (encrypt || (keyMemory === undefined && !passphraseGiven)) return undefined;
  return {
    what: `${passphraseGiven ? '--passphrase-file' : '--key-memory'} is for encrypted media`,
    why: '--encrypt is not given',
    next: 'add --encrypt',
  };
}

function unfitExisting(
  { encrypt, keyMemory, passphraseGiven }: Parameters<typeof unfitEncryption>[0],
  encrypted: boolean,
): Unfit | undefined {
  if (!encrypted && (encrypt || passphraseGiven)) {
    return {
      what: encrypt ? '--encrypt is for new media' : '--passphrase-file is for encrypted media',
      why: 'this one is a medium already, and is not encrypted',
      next: 'leave it out, or start over with --encrypt: on a disk with --fresh, in a new file',
    };
  }
  if (keyMemory === undefined) return undefined;
  return {
    what: '--key-memory is for new encrypted media',
    why: 'this medium has its passphrase already',
    next: 'leave it out; cryptsetup luksConvertKey changes it',
  };
}
