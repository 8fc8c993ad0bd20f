/** To what an identity that is saved on this machine belongs. */
import { IDENTITY_SETTING } from '../../../core/contract.js';
import { BINDINGS, type Binding } from '../../../core/identity/mark.js';
import { err, ok, type Result } from '../../../core/result.js';
import { quoteName } from '../../../core/text/path.js';
import type { GuestSystem } from '../../system.js';

export function readBinding(machine: GuestSystem): Result<Binding> {
  const text = machine.readText(IDENTITY_SETTING);
  if (text === undefined) return ok('machine');
  const words = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const binding = BINDINGS.find((one) => one === words[0]);
  if (binding !== undefined && words.length === 1) return ok(binding);
  return err({
    code: 'identity-setting-invalid',
    what: 'unknown to what the identity belongs',
    where: IDENTITY_SETTING,
    why: `it must be one word, ${BINDINGS.join(' or ')}, and is ${words.length === 0 ? 'empty' : quoteName(words.join(' '))}`,
    next: 'correct it, or remove the file, which means machine; nothing was saved',
  });
}
