/**
 * Checks of users: fields that do not apply to root, two logins on one terminal, empty passwords with network
 * logins.
 */
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { LOGIN_PACKAGES } from '../network-logins.js';
import { packageNameOf } from '../package-names.js';
import { present } from './present.js';

/** Fields that apply to root, who always exists. */
const OF_ROOT = ['password', 'authorizedKeys', 'autologin', 'shell', 'system', 'groups', 'sudo'];

/** Every error in `users`. */
export function checkUsers(machine: MachineConfig): Fault[] {
  const taken = new Map<string, string>();
  const login = machine.packages
    .map(packageNameOf)
    .filter((name) => !machine.excludePackages.includes(name))
    .find((name) => LOGIN_PACKAGES.includes(name));
  return Object.entries(machine.users).flatMap(([name, user]) => {
    const at = ['users', name];
    const found: Fault[] = [];
    if (name === 'root') {
      const odd = Object.keys(user).find((key) => !OF_ROOT.includes(key));
      if (odd !== undefined)
        found.push(
          fault(
            'not-for-root',
            [...at, odd],
            (named) => `${named([...at, odd])} is not allowed: root always exists`,
            'remove it',
          ),
        );
      if (user.sudo !== false)
        found.push(
          fault(
            'not-for-root',
            [...at, 'sudo'],
            'users.root.sudo is not allowed: root requires no sudo',
            'remove it',
          ),
        );
    }
    user.autologin.forEach((terminal, i) => {
      const other = taken.get(terminal);
      if (other !== undefined) {
        found.push(
          fault(
            'two-logins-on-terminal',
            [...at, 'autologin', i],
            `both ${other} and ${name} are logged in on ${terminal}`,
            `remove one of them; for ${other}: users: { ${other}: { autologin: replace([]) } }`,
          ),
        );
      }
      taken.set(terminal, name);
    });
    const { password } = user;
    if (password === 'empty' && login !== undefined) {
      found.push(
        fault(
          'open-account',
          [...at, 'password'],
          `${name} would have an empty password on a machine that accepts network logins (${login})`,
          `lock it (password: "locked") and use authorizedKeys, or remove ${login}`,
        ),
      );
    }
    if (typeof password === 'object' && 'hashFile' in password)
      found.push(...present([...at, 'password', 'hashFile'], password.hashFile, 'file'));
    user.authorizedKeys.forEach((key, i) => {
      if (typeof key === 'object')
        found.push(...present([...at, 'authorizedKeys', i, 'file'], key.file, 'file'));
    });
    return found;
  });
}
