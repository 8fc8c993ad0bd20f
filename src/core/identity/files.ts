/** The files that say who a machine is: copies of it must not share them. Pure. */

/** A kind of such files. */
export interface IdentityKind {
  /** For people. */
  readonly what: string;
  /** Patterns of paths relative to the root. */
  readonly paths: readonly RegExp[];
  /** Of files that a boot makes if they are missing: for which programs, and where one of the files lies. */
  readonly made?: {
    readonly by: readonly string[];
    readonly folder: string;
    readonly file: RegExp;
  };
}

const kind = (
  what: string,
  paths: readonly RegExp[],
  by: readonly string[] = [],
  folder = '',
  file = /./,
): IdentityKind => ({ what, paths, ...(by.length === 0 ? {} : { made: { by, folder, file } }) });

export const MACHINE_ID_KIND = kind('machine-id', [/^etc\/machine-id$/, /^var\/lib\/dbus\/machine-id$/]);

/** hostname(5) and machine-info(5), as hostnamectl(1) writes them. */
const HOSTNAME = kind('hostname', [/^etc\/hostname$/, /^etc\/machine-info$/]);

export const HOST_KEY_KINDS: readonly IdentityKind[] = [
  kind(
    'ssh host keys',
    [/^etc\/ssh\/ssh_host_[^/]+_key(\.pub)?$/],
    ['usr/sbin/sshd'],
    'etc/ssh',
    /^ssh_host_[^/]+_key$/,
  ),
  kind(
    "dropbear's host keys",
    [/^etc\/dropbear\/dropbear_[^/]+_host_key$/],
    ['usr/sbin/dropbear'],
    'etc/dropbear',
    /^dropbear_[^/]+_host_key$/,
  ),
  kind(
    "tinyssh's host keys",
    [/^etc\/tinyssh\/sshkeydir\/./],
    ['usr/sbin/tinysshd'],
    'etc/tinyssh/sshkeydir',
  ),
];

/** Made by an authority, not by a boot. */
const HOST_CERTIFICATES = kind('ssh host certificates', [/^etc\/ssh\/ssh_host_[^/]+_key-cert\.pub$/]);

/** Of dhclient(8), a file of leases has the identifier as well: see {@link identityPart}. */
const LEASES = /^var\/lib\/dhcp\/dhclient[^/]*\.leases$/;

const DHCP_KIND = kind(
  'DHCP identifier (dhcpcd)',
  [/^var\/lib\/dhcpcd\/(duid|secret)$/, LEASES],
  ['usr/sbin/dhcpcd'],
  'var/lib/dhcpcd',
  /^duid$/,
);

/** What a base has none of either, except that its definition places it (host/pack/kept-out.ts). */
export const MACHINE_KINDS: readonly IdentityKind[] = [
  kind(
    "NetworkManager's key",
    [/^var\/lib\/NetworkManager\/secret_key$/],
    ['usr/sbin/NetworkManager'],
    'var/lib/NetworkManager',
    /^secret_key$/,
  ),
  kind(
    'iSCSI initiator name',
    [/^etc\/iscsi\/initiatorname\.iscsi$/],
    ['usr/sbin/iscsid'],
    'etc/iscsi',
    /^initiatorname\.iscsi$/,
  ),
  kind('NVMe host name', [/^etc\/nvme\/host(nqn|id)$/]),
  // Encrypts credentials (systemd-creds(1)).
  kind('credential secret', [/^var\/lib\/systemd\/credential\.secret$/]),
  // dkms signs modules with it (dkms(8)).
  kind('module signing key', [/^var\/lib\/dkms\/mok\.(key|pub)$/]),
];

/** All of them. */
export const IDENTITY_KINDS: readonly IdentityKind[] = [
  MACHINE_ID_KIND,
  HOSTNAME,
  ...HOST_KEY_KINDS,
  HOST_CERTIFICATES,
  ...MACHINE_KINDS,
  DHCP_KIND,
];

/** The kind of a path relative to the root, for people; `undefined` if it is none of these. */
export function identityKind(path: string): string | undefined {
  return IDENTITY_KINDS.find(({ paths }) => paths.some((one) => one.test(path)))?.what;
}

/** The folders that such files lie in. */
export const IDENTITY_FOLDERS: readonly string[] = [
  ...['etc', 'etc/dropbear', 'etc/iscsi', 'etc/nvme', 'etc/ssh', 'etc/tinyssh/sshkeydir'],
  ...['var/lib/NetworkManager', 'var/lib/dbus', 'var/lib/dhcp', 'var/lib/dhcpcd', 'var/lib/dkms'],
  'var/lib/systemd',
];

/**
 * What of a file is the identity; `undefined`: nothing. Of dhclient's leases it is the identifier alone
 * (dhclient.leases(5)).
 */
export function identityPart(path: string, text: string): string | undefined {
  if (!LEASES.test(path)) return text;
  const lines = text.split('\n').filter((line) => /^default-duid\s.*;\s*$/.test(line));
  const last = lines.at(-1);
  return last === undefined ? undefined : `${last}\n`;
}
