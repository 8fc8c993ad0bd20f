/** Files whose content lets in whoever reads it: private keys, passwords, sessions. Pure. */
import { parentOf } from '../text/path.js';

const ANY = /^/;

/** Folders, relative to the root and with a slash at the end, and names in them. */
const SECRETS: readonly (readonly [folder: RegExp, name: RegExp])[] = [
  [/^etc\/ssh\/$/, /^ssh_host_.*_key$/],
  [/^etc\/$/, /^(g?shadow|ipsec\.secrets|krb5\.keytab)$/],
  [/^etc\/ssl\/private\//, ANY],
  [
    /^etc\/(letsencrypt|ssl|pki|openvpn|nginx|apache2|postfix|dovecot)\//,
    /(\.key|^priv(ate_|-)?key.*\.pem)$/,
  ],
  [/^etc\/(wireguard|NetworkManager\/system-connections|credstore(\.encrypted)?)\//, ANY],
  [/^etc\/wpa_supplicant\/$/, /\.conf$/],
  [/^etc\/(ppp|ipsec\.d)\/(private\/)?$/, /(-secrets|\.pem|\.der|\.key)$/],
  [/^var\/lib\/(iwd|bluetooth)\//, /^(.*\.(psk|8021x)|info)$/],
  [/^var\/lib\/(NetworkManager|systemd)\/$/, /^(secret_key|credential\.secret)$/],
  [/^var\/lib\/tor\//, /secret(_id)?_?key|^private_key$/],
  [/(^|\/)\.ssh\/$/, /^(?!(?:known_hosts|authorized_keys|config|environment)|.*\.pub$)/],
  [/(^|\/)\.gnupg\/(private-keys-v1\.d\/)?$/, /(\.key|^secring\.gpg)$/],
  [/(^|\/)\.local\/share\/(keyrings|kwalletd)\//, ANY],
  [/(^|\/)\.(mozilla|librewolf|waterfox|thunderbird)\//, /^(logins\.json|key[34]\.db|cookies\.sqlite)$/],
  [/(^|\/)(\.?config)\/mozilla\//, /^(logins\.json|key[34]\.db|cookies\.sqlite)$/],
  [/(^|\/)\.?config\//, /^(Login Data|Cookies|rclone\.conf|hosts\.yml|access_tokens\.db)$/],
  [
    /(^|\/)\.(aws|docker|kube|cargo|config\/containers)\/$/,
    /^(credentials(\.toml)?|config(\.json)?|auth\.json)$/,
  ],
  [/(^|\/)\.config\/sops\/age\/$/, ANY],
  [
    /^(home\/[^/]+|root)\/$/,
    /^\.(netrc|pgpass|my\.cnf|git-credentials|npmrc|pypirc|vault-token|fetchmailrc|msmtprc)$/,
  ],
];

/** By folder, what names in it are secrets: most files share theirs with others. */
const known = new Map<string, readonly RegExp[]>();

/** Whether a path, relative to the root, is that of such a file. */
export function isSecret(path: string): boolean {
  const folder = parentOf(path);
  let names = known.get(folder);
  if (names === undefined) {
    const full = folder === '.' ? '' : `${folder}/`;
    names = SECRETS.flatMap(([at, name]) => (at.test(full) ? [name] : []));
    known.set(folder, names);
  }
  if (names.length === 0) return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return names.some((one) => one.test(name));
}

/** Whether a record of shadow(5) or gshadow(5) has a password that someone could try to find out. */
export function hasPassword(record: string): boolean {
  const password = record.split(':')[1] ?? '';
  return !/^[!*x]*$/.test(password);
}
