/** Which files are secrets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPassword, isSecret } from '../../../../src/core/rules/secrets.js';

const SECRET = [
  'etc/shadow',
  'etc/ssh/ssh_host_ed25519_key',
  'etc/ssl/private/server.key',
  'etc/letsencrypt/archive/example.org/privkey1.pem',
  'etc/wireguard/wg0.conf',
  'etc/NetworkManager/system-connections/Home.nmconnection',
  'etc/wpa_supplicant/wpa_supplicant.conf',
  'var/lib/iwd/Home.psk',
  'var/lib/bluetooth/00:11:22:33:44:55/66:77:88:99:AA:BB/info',
  'var/lib/NetworkManager/secret_key',
  'var/lib/tor/site/hs_ed25519_secret_key',
  'root/.ssh/id_ed25519',
  'home/anna/.ssh/work',
  'home/anna/.gnupg/private-keys-v1.d/ABC.key',
  'home/anna/.local/share/keyrings/login.keyring',
  'home/anna/.local/share/kwalletd/kdewallet.kwl',
  'home/anna/.netrc',
  'root/.pgpass',
  'home/anna/.git-credentials',
  'home/anna/.aws/credentials',
  'home/anna/.kube/config',
  'home/anna/.mozilla/firefox/x.default/logins.json',
  'home/anna/.mozilla/firefox/x.default/cookies.sqlite',
  'home/anna/.config/chromium/Default/Login Data',
];

const NONE = [
  'etc/passwd',
  'etc/ssh/ssh_host_ed25519_key.pub',
  'etc/ssh/sshd_config',
  'etc/ssl/certs/x.pem',
  'etc/letsencrypt/live/example.org/fullchain.pem',
  'root/.ssh/id_ed25519.pub',
  'root/.ssh/known_hosts',
  'root/.ssh/known_hosts.old',
  'root/.ssh/authorized_keys',
  'root/.ssh/config',
  'home/anna/.gnupg/pubring.kbx',
  'home/anna/.mozilla/firefox/x.default/places.sqlite',
  'home/anna/.bash_history',
  'home/anna/notes/.netrc.txt',
  'srv/shadow',
];

test('private keys, passwords and sessions are secrets, and nothing else is', () => {
  assert.deepEqual(
    SECRET.filter((path) => !isSecret(path)),
    [],
  );
  assert.deepEqual(NONE.filter(isSecret), []);
});

test('of accounts, those with a password are', () => {
  assert.ok(hasPassword('anna:$y$j9T$x$y:20421:0:99999:7:::') && hasPassword('anna:!$y$j9T$x$y:1::::::'));
  assert.ok(!['a:!:1', 'a:!*:1', 'a:*:1', 'a::1', 'a:x:1'].some(hasPassword));
});
