/** The passphrase of an encrypted medium: typed, or the first line of a file. */
import { readFileSync } from 'node:fs';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { secret } from '../report/ask.js';
import type { Session } from './session.js';

/** Most bytes that early boot takes at its prompt, as cryptsetup(8) does. */
const LONGEST = 512;
/** How often two passphrases that should be one may differ. */
const TRIES = 3;

/** What `mkma install` asks for it. `file`: its first line is the passphrase. */
export function passphraseOf(
  session: Session,
  file: string | undefined,
): (purpose: 'new' | 'open') => Promise<Result<Uint8Array>> {
  return async (purpose) => {
    if (file !== undefined) return firstLine(file);
    if (!session.interactive) return err(nobody());
    session.printer.close();
    return purpose === 'new' ? askTwice(session) : askOnce(session, 'Passphrase of the medium: ');
  };
}

/** The passphrase in the first line of a file. */
export function firstLine(file: string): Result<Uint8Array> {
  try {
    const text = readFileSync(file);
    const end = text.indexOf(0x0a);
    return fitting(end < 0 ? text : text.subarray(0, end), file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    return err(unfit(message, file));
  }
}

async function askOnce({ context }: Session, question: string): Promise<Result<Uint8Array>> {
  const typed = await secret(question, context.signal);
  return typed === undefined ? err(nobody()) : fitting(Buffer.from(typed));
}

async function askTwice(session: Session): Promise<Result<Uint8Array>> {
  for (let tried = 0; tried < TRIES; tried++) {
    const begin = tried === 0 ? '' : 'These differ. ';
    const first = await askOnce(session, `${begin}New passphrase of the medium: `);
    if (!first.ok) return first;
    const again = await askOnce(session, 'The same again: ');
    if (again.ok && Buffer.from(first.value).equals(again.value)) return first;
  }
  return err(unfit('the two passphrases differ'));
}

/** A passphrase that early boot takes: it reads a line, and control characters edit that. */
function fitting(bytes: Uint8Array, where?: string): Result<Uint8Array> {
  if (bytes.length === 0) return err(unfit('it is empty', where));
  if (bytes.length > LONGEST) return err(unfit(`it has more than ${LONGEST} bytes`, where));
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f))
    return err(unfit('it has control characters, which cannot be typed at boot', where));
  return ok(bytes);
}

function unfit(why: string, where?: string): Problem {
  return {
    code: 'passphrase-unfit',
    what: 'cannot use this passphrase',
    ...(where === undefined ? {} : { where }),
    why,
    next: 'give another one; nothing was written',
  };
}

function nobody(): Problem {
  return {
    code: 'passphrase-unfit',
    what: 'no passphrase was given',
    why: 'there is no terminal to ask at',
    next: 'name a file whose first line it is: --passphrase-file FILE',
  };
}
