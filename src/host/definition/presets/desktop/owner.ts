/** What depends on how the desktop's user logs in. Pure. */
import type { FragmentFields } from '../../define.js';
import type { MachineInput } from '../../machine.js';
import type { DesktopOptions } from './options.js';

/**
 * If the user's password is locked, nothing asks for it, as on root's console. With a password or a key,
 * everything asks as on any Debian. The definition's own values stay.
 */
export function owner(
  { user, login, keyring, compositor }: DesktopOptions,
  machine: MachineInput,
): FragmentFields {
  const own = machine.users?.[user] ?? {};
  const { password = 'locked', authorizedKeys = [], home = `/home/${user}` } = own;
  const open = password === 'locked' && authorizedKeys.length === 0;
  // Users of a kiosk are not its owners.
  const { sudo = compositor === 'cage' ? false : open ? 'nopasswd' : true } = own;
  // Caches, such as those of browsers: never saved, and bounded.
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

/** The fields whose names are not taken. */
function without<T>(fields: Readonly<Record<string, T>>, taken: object = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in taken)));
}

/** Physical access means control. In the JavaScript of 2009: Debian's polkitd runs on duktape. */
function polkitRule(user: string): string {
  return `// The password of ${user} is locked.
polkit.addRule(function (action, subject) {
  if (subject.user === "${user}" && subject.local && subject.active) return polkit.Result.YES;
});
`;
}

/**
 * A keyring without a password, since an automatic login has none to unlock it with: secrets in it are as
 * safe as in any file of the user.
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
