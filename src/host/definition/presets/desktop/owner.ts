/** What follows from how the desktop's user gets in. Pure. */
import type { FragmentFields } from '../../define.js';
import type { MachineInput } from '../../machine.js';
import type { DesktopOptions } from './options.js';

/**
 * A user whose password is locked has none to give: then nothing asks for one, as root's console does not. With a password or a key
 * everything asks as on any Debian. What the definition says itself stays.
 */
export function owner(
  { user, login, keyring, compositor }: DesktopOptions,
  machine: MachineInput,
): FragmentFields {
  const own = machine.users?.[user] ?? {};
  const { password = 'locked', authorizedKeys = [], home = `/home/${user}` } = own;
  const open = password === 'locked' && authorizedKeys.length === 0;
  // Who comes to a kiosk is not its owner.
  const { sudo = compositor === 'cage' ? false : open ? 'nopasswd' : true } = own;
  // Caches of browsers among others: never saved, and never more than this.
  const ramVolumes = { [`${home}/.cache`]: { size: '20%', mode: '0700', owner: `${user}:${user}` } };
  const files = {
    // polkit allows what sudo does.
    ...(open && sudo === 'nopasswd'
      ? { '/etc/polkit-1/rules.d/49-mkma-desktop.rules': polkitRule(user) }
      : {}),
    ...(login === 'automatic' && keyring === 'gnome' ? openKeyring(user, home) : {}),
  };
  const disks = Object.fromEntries(Object.entries(machine.mounts ?? {}).filter(([, said]) => said !== false));
  return {
    users: { [user]: { sudo } },
    ramVolumes: without(ramVolumes, { ...machine.ramVolumes, ...disks }),
    files: without(files, machine.files),
  };
}

/** Without the names that are taken. */
function without<T>(fields: Readonly<Record<string, T>>, taken: object = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in taken)));
}

/** Whoever sits before the machine is its owner. In the JavaScript of 2009: Debian's polkitd runs on duktape. */
function polkitRule(user: string): string {
  return `// ${user} has no password to be asked for.
polkit.addRule(function (action, subject) {
  if (subject.user === "${user}" && subject.local && subject.active) return polkit.Result.YES;
});
`;
}

/**
 * A keyring without a password, since an automatic login is given none and nothing is to ask for one: secrets are as safe in it
 * as in any file of the user's.
 */
function openKeyring(user: string, home: string): NonNullable<MachineInput['files']> {
  const folder = `${home}/.local/share/keyrings`;
  const rights = { mode: '0600', owner: `${user}:${user}` };
  const ring = [
    '[keyring]',
    ...['display-name=Default keyring', 'ctime=0', 'mtime=0', 'lock-on-idle=false', 'lock-after=false'],
    '',
  ];
  return {
    [`${home}/.local`]: { folder: true, owner: `${user}:${user}` },
    [`${home}/.local/share`]: { folder: true, owner: `${user}:${user}` },
    [folder]: { folder: true, mode: '0700', owner: `${user}:${user}` },
    [`${folder}/Default_keyring.keyring`]: { content: ring.join('\n'), ...rights },
    [`${folder}/default`]: { content: 'Default_keyring', ...rights },
  };
}
