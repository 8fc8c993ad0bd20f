/** Options of the desktop that do not go together. Pure. */
import type { z } from 'zod';
import { type Fault, fault } from '../../fault.js';
import type { MachineConfig } from '../../machine.js';
import type { DesktopOptions, desktopOptions } from './options.js';
import { PARTS } from './parts.js';

type Said = z.output<typeof desktopOptions>;

/** Every fault, by the paths of the options. */
export function desktopFaults(said: Said): Fault[] {
  return said.compositor === 'cage' ? kiosk(said) : [...noKiosk(said), ...needed(said)];
}

/** What cage shows, where it is another compositor. */
function noKiosk(said: Said): Fault[] {
  return (['page', 'program'] as const)
    .filter((name) => said[name] !== undefined)
    .map((name) => ({
      ...{ path: [name], code: 'desktop-not-a-kiosk' },
      what: `${name} is what cage shows, and the compositor is ${said.compositor}`,
      next: "take it out, or use compositor: 'cage'",
    }));
}

/** In cage there is one program, and nothing else. */
function kiosk(said: Said): Fault[] {
  const { page, program, browser } = said;
  const faults: Fault[] = PARTS.filter((part) => said[part] !== undefined && said[part] !== 'none').map(
    (part) => ({
      ...{ path: [part], code: 'desktop-part-without-place' },
      what: `cage shows one program, full screen: ${part} has no place there`,
      next: 'take it out, or use another compositor',
    }),
  );
  if (page !== undefined && program !== undefined) {
    faults.push({
      ...{ path: ['program'], code: 'desktop-two-programs' },
      what: 'cage shows one program: page and program are two',
      next: 'take one of them out',
    });
  }
  if (program === undefined && browser === 'none') {
    faults.push({
      ...{ path: ['browser'], code: 'desktop-part-missing' },
      what: 'cage would have nothing to show: there is no browser and no program',
      next: 'name one of them',
    });
  }
  return faults;
}

/** Parts that work through another one. */
function needed(said: Said): Fault[] {
  const uses = [
    ['idle', 'lock', 'locks the screen when nobody is there'],
    ['clipboard', 'launcher', 'shows the history of the clipboard'],
  ] as const;
  return uses
    .filter(([part, other]) => said[part] !== 'none' && said[other] === 'none')
    .map(([part, other, what]) => ({
      ...{ path: [other], code: 'desktop-part-missing' },
      what: `${other} is "none", and it ${what}`,
      next: `leave out ${part} as well (${part}: 'none'), or name another ${other}`,
    }));
}

/** A user of whom a password is asked, and who has none. */
function withoutPassword(user: string, { users }: MachineConfig): Fault[] {
  const { password, sudo } = users[user] ?? {};
  if (password !== 'locked' || sudo !== true) return [];
  return [
    {
      ...{ path: ['users', user], code: 'desktop-without-admin' },
      what: `nobody could become root: sudo asks for the password of ${user}, which is locked`,
      next: `give one (password: { hashFile: './password' }), or say users: { ${user}: { sudo: 'nopasswd' } } (or false)`,
    },
  ];
}

/** Who logs in where, with the whole machine. */
export function loginFaults({ user, login }: DesktopOptions, machine: MachineConfig): Fault[] {
  const { users } = machine;
  const first = Object.entries(users).flatMap(([name, { autologin }]) =>
    autologin.flatMap((terminal, i) =>
      terminal === 'tty1'
        ? [
            fault(
              'two-logins-on-terminal',
              ['users', name, 'autologin', i],
              `tty1 logs in ${name}, and the desktop is there`,
              `leave tty1 to the desktop: autologin: ['tty2'], or replace(['ttyS0']) where a preset says it`,
            ),
          ]
        : [],
    ),
  );
  if (login !== 'greeter' || users[user]?.password !== 'locked') {
    return [...first, ...withoutPassword(user, machine)];
  }
  return [
    ...first,
    fault(
      'greeter-without-password',
      ['users', user, 'password'],
      `nobody could log in: the greeter asks for the password of ${user}, which is locked`,
      "give one (password: { hashFile: './password' }), or use login: 'automatic'",
    ),
  ];
}
