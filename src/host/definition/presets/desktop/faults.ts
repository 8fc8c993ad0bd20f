/** Options of the desktop that contradict each other. Pure. */
import type { z } from 'zod';
import { type Fault, fault } from '../../fault.js';
import type { MachineConfig } from '../../machine.js';
import type { DesktopOptions, desktopOptions } from './options.js';
import { PARTS } from './parts.js';

type Said = z.output<typeof desktopOptions>;

/** Every error, by the paths of the options. */
export function desktopFaults(said: Said): Fault[] {
  return said.compositor === 'cage' ? kiosk(said) : [...noKiosk(said), ...needed(said)];
}

/** Options of cage with another compositor. */
function noKiosk(said: Said): Fault[] {
  return (['page', 'program'] as const)
    .filter((name) => said[name] !== undefined)
    .map((name) => ({
      ...{ path: [name], code: 'desktop-not-a-kiosk' },
      what: `${name} applies to cage, but the compositor is ${said.compositor}`,
      next: "remove it, or use compositor: 'cage'",
    }));
}

/** cage shows one program and nothing else. */
function kiosk(said: Said): Fault[] {
  const { page, program, browser } = said;
  const faults: Fault[] = PARTS.filter((part) => said[part] !== undefined && said[part] !== 'none').map(
    (part) => ({
      ...{ path: [part], code: 'desktop-part-without-place' },
      what: `cage shows one full-screen program, and has no place for ${part}`,
      next: 'remove it, or use another compositor',
    }),
  );
  if (page !== undefined && program !== undefined) {
    faults.push({
      ...{ path: ['program'], code: 'desktop-two-programs' },
      what: 'cage shows one program, but both page and program are set',
      next: 'remove one of them',
    });
  }
  if (program === undefined && browser === 'none') {
    faults.push({
      ...{ path: ['browser'], code: 'desktop-part-missing' },
      what: 'cage has nothing to show: browser is "none", and program is not set',
      next: 'set one of them',
    });
  }
  return faults;
}

/** Parts that require another one. */
function needed(said: Said): Fault[] {
  const uses = [
    ['idle', 'lock', 'to lock the screen'],
    ['clipboard', 'launcher', 'to show its history'],
  ] as const;
  return uses
    .filter(([part, other]) => said[part] !== 'none' && said[other] === 'none')
    .map(([part, other, what]) => ({
      ...{ path: [other], code: 'desktop-part-missing' },
      what: `${other} is "none", but ${part} requires it ${what}`,
      next: `set both to 'none' (${part}: 'none'), or name another ${other}`,
    }));
}

/** A user whose password sudo asks for, but which is locked. */
function withoutPassword(user: string, { users }: MachineConfig): Fault[] {
  const { password, sudo } = users[user] ?? {};
  if (password !== 'locked' || sudo !== true) return [];
  return [
    {
      ...{ path: ['users', user], code: 'desktop-without-admin' },
      what: `nobody could become root: sudo asks for the password of ${user}, which is locked`,
      next: `set one (password: { hashFile: './password' }), or users: { ${user}: { sudo: 'nopasswd' } } (or false)`,
    },
  ];
}

/** Errors of logins, in the whole machine. */
export function loginFaults({ user, login }: DesktopOptions, machine: MachineConfig): Fault[] {
  const { users } = machine;
  const first = Object.entries(users).flatMap(([name, { autologin }]) =>
    autologin.flatMap((terminal, i) =>
      terminal === 'tty1'
        ? [
            fault(
              'two-logins-on-terminal',
              ['users', name, 'autologin', i],
              `${name} is logged in on tty1, which the desktop uses`,
              `use another terminal: autologin: ['tty2'], or replace(['ttyS0']) if a preset sets tty1`,
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
      "set one (password: { hashFile: './password' }), or use login: 'automatic'",
    ),
  ];
}
