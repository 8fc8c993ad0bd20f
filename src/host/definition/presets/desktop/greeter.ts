/**
 * Login on tty1: greetd(1) with tuigreet(1), which requires no graphics. Debian's PAM file of greetd opens
 * the keyring by itself (pam_gnome_keyring). Pure.
 */
import type { FragmentFields } from '../../define.js';
import type { DesktopOptions } from './options.js';
import { HERE } from './session.js';

export function greeterFields({ compositor }: DesktopOptions): FragmentFields {
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
      // It uses the first terminal, on which systemd would otherwise start a getty.
      '/etc/systemd/system/greetd.service.d/10-tty1.conf':
        '[Unit]\nConflicts=getty@tty1.service\nAfter=getty@tty1.service\n',
    },
    services: { enable: ['greetd'] },
  };
}
