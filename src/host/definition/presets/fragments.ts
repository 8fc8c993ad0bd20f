/** Fragments that presets consist of, to compose other machines from. */
import type { FragmentFields } from '../define.js';

/** systemd as the system manager, with logins and devices. */
export const systemd: FragmentFields = {
  packages: [
    'systemd-sysv',
    'dbus-broker',
    'libpam-systemd', // sessions for logind
    'login', // agetty hands over to it
    'kmod',
    'udev',
  ],
};

/** Common tools for a text console. */
export const consoleTools: FragmentFields = { packages: ['iproute2', 'procps', 'less', 'nano'] };

/**
 * Root is logged in on the local consoles: physical access means control anyway. The password stays locked.
 */
export const localRoot: FragmentFields = { users: { root: { autologin: ['tty1', 'ttyS0'] } } };

/** Wired networks with DHCP, and name resolution: systemd-networkd(8), systemd-resolved(8). */
export const network: FragmentFields = {
  packages: ['systemd-resolved', 'ca-certificates'],
  files: {
    '/etc/systemd/network/80-wired.network':
      '[Match]\nType=ether\nKind=!*\n\n[Network]\nDHCP=yes\n\n[DHCPv4]\nUseDomains=yes\n',
    // It answers programs of this machine only.
    '/etc/systemd/resolved.conf.d/10-mkma.conf': '[Resolve]\nLLMNR=no\nMulticastDNS=no\n',
    // One network is enough, and none is no failure.
    '/etc/systemd/system/systemd-networkd-wait-online.service.d/10-any.conf':
      '[Service]\nExecStart=\nExecStart=-/usr/lib/systemd/systemd-networkd-wait-online --any --timeout=30\n',
    '/etc/resolv.conf': { link: '../run/systemd/resolve/stub-resolv.conf' },
  },
  services: { enable: ['systemd-networkd', 'systemd-resolved'] },
};

/** Time from the network: systemd-timesyncd(8). */
export const networkTime: FragmentFields = {
  packages: ['systemd-timesyncd'],
  services: { enable: ['systemd-timesyncd'] },
};

/**
 * An ssh server that accepts keys only. A base contains no host keys: each boot generates its own, unless
 * those of an earlier boot were saved (`mkma persist --identity`).
 */
export const sshWithKeys: FragmentFields = {
  packages: ['openssh-server'],
  files: {
    '/etc/ssh/sshd_config.d/10-mkma.conf':
      'PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitEmptyPasswords no\nPermitRootLogin prohibit-password\n',
  },
  services: { enable: ['ssh'] },
  listen: [22],
};
