/** Who it is, is asked for on tty1: greetd(1) with tuigreet(1), which needs no graphics. Pure. */
import type { FragmentFields } from '../../define.js';
import type { DesktopOptions } from './options.js';
import { HERE } from './session.js';

export function greeterFields({ compositor, keyring }: DesktopOptions): FragmentFields {
  const sessions = '/usr/share/wayland-sessions/mkma';
  const entry = [
    '[Desktop Entry]',
    ...['Type=Application', `Name=Desktop (${compositor})`, `Exec=${HERE}/session`, ''],
  ];
  return {
    packages: ['greetd', 'tuigreet'],
    files: {
      [`${sessions}/mkma-desktop.desktop`]: entry.join('\n'),
      '/etc/greetd/config.toml': `[terminal]
vt = 1

[default_session]
command = "tuigreet --time --remember --asterisks --sessions ${sessions}"
user = "_greetd"
`,
      // It has the first terminal, which systemd would give to a login as well.
      '/etc/systemd/system/greetd.service.d/10-tty1.conf':
        '[Unit]\nConflicts=getty@tty1.service\nAfter=getty@tty1.service\n',
      ...(keyring === 'gnome' ? { '/etc/pam.d/greetd': PAM } : {}),
    },
    services: { enable: ['greetd'] },
  };
}

/** As Debian's, and the keyring opens with the password (pam_gnome_keyring). */
const PAM = `#%PAM-1.0
auth      requisite  pam_nologin.so
session   required   pam_env.so readenv=1
@include common-auth
auth      optional   pam_gnome_keyring.so
@include common-account
@include common-session
session   optional   pam_gnome_keyring.so auto_start
@include common-password
`;
