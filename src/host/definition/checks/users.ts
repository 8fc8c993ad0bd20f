/** Users: what cannot be said of root, terminals that log in two, empty passwords within reach of a network. */
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { LOGIN_PACKAGES } from '../network-logins.js';
import { packageNameOf } from '../package-names.js';
import { present } from './present.js';

/** What may be said of root, who is there already. */
const OF_ROOT = ['password', 'authorizedKeys', 'autologin', 'shell', 'system', 'groups', 'sudo'];

/** Every fault of `users`. */
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
            (named) => `${named([...at, odd])} cannot be said: root is there already`,
            'take it out',
          ),
        );
      if (user.sudo !== false)
        found.push(
          fault(
            'not-for-root',
            [...at, 'sudo'],
            'users.root.sudo cannot be said: root needs no sudo',
            'take it out',
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
            `${terminal} logs in both ${other} and ${name}`,
            `leave it to one of them; to take it from ${other}: users: { ${other}: { autologin: replace([]) } }`,
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
          `${name} would have an empty password on a machine with a network login (${login})`,
          'lock it (password: "locked") and use authorizedKeys, or leave out the network login',
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
