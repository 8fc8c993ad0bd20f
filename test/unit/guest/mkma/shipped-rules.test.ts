/** What the shipped rules drop, and what they keep on purpose. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseRules } from '../../../../src/core/rules/rules.js';
import { Decider } from '../../../../src/guest/mkma/persist/decider.js';

const parsed = parseRules(readFileSync('src/guest/persist.rules', 'utf8'), 'persist.rules');
assert.ok(parsed.ok, JSON.stringify(parsed));
const decider = new Decider(parsed.value.rules);
/** A path that ends with a slash is a folder. */
const isDropped = (path: string): boolean =>
  decider.decide(path.replace(/\/$/, ''), path.endsWith('/'))?.keeps === false;

const PROFILE = 'home/anna/.mozilla/firefox/x.default';
const CHROMIUM = 'home/anna/.config/chromium';

const DROPPED = [
  'home/anna/.cache/',
  'root/.cache/fontconfig/x',
  'home/anna/.cache/thumbnails/large/x.png',
  'home/anna/.thumbnails/x',
  'home/anna/.local/share/Trash/files/x',
  'srv/data/.Trash-1000/files/x',
  'var/lib/apt/lists/deb.debian.org_x',
  'var/cache/apt/archives/x.deb',
  'var/cache/apt/pkgcache.bin',
  'var/log/journal/0123/system.journal',
  'var/lib/systemd/coredump/core.x.zst',
  'var/crash/x',
  'var/lib/dpkg/lock-frontend',
  'etc/.pwd.lock',
  'var/lib/postgresql/17/main/postmaster.pid',
  `${PROFILE}/.parentlock`,
  `${PROFILE}/lock`,
  `${PROFILE}/startupCache/x`,
  `${CHROMIUM}/SingletonLock`,
  `${CHROMIUM}/SingletonCookie`,
  `${CHROMIUM}/Default/Code Cache/js/x`,
  `${CHROMIUM}/Default/GPUCache/data_0`,
  `${CHROMIUM}/Default/Cache/Cache_Data/f_1`,
  `${CHROMIUM}/Default/Service Worker/CacheStorage/x`,
  `${CHROMIUM}/GrShaderCache/x`,
  `${CHROMIUM}/Default/DawnWebGPUCache/x`,
  'home/anna/.config/Signal/Cache/Cache_Data/x',
  'home/anna/.var/app/org.chromium.Chromium/cache/x',
  'var/lib/NetworkManager/internal-0123-eth0.lease',
  'var/lib/dhcp/dhclient.leases',
  'var/lib/dhcpcd/eth0.lease',
  'etc/.updated',
  'var/.updated',
  'var/lib/systemd/random-seed',
  'var/lib/urandom/random-seed',
  'etc/mtab',
  'var/cache/man/index.db',
  'var/backups/dpkg.status.0',
  'var/tmp/systemd-private-0123-x.service-y/tmp/x',
  'home/anna/src/__pycache__/x.pyc',
];

const KEPT = [
  // Network connections and their keys, Bluetooth pairings.
  'etc/NetworkManager/system-connections/Home.nmconnection',
  'var/lib/NetworkManager/timestamps',
  'var/lib/NetworkManager/seen-bssids',
  'etc/wpa_supplicant/wpa_supplicant.conf',
  'var/lib/iwd/Home.psk',
  'var/lib/bluetooth/00:11:22:33:44:55/66:77:88:99:AA:BB/info',
  'etc/wireguard/wg0.conf',
  // Time zone, locale, keyboard.
  'etc/localtime',
  'etc/timezone',
  'etc/locale.conf',
  'etc/default/keyboard',
  'etc/vconsole.conf',
  // Radio switches, brightness, timers.
  'var/lib/systemd/rfkill/platform-x:wlan',
  'var/lib/systemd/backlight/x:backlight:y',
  'var/lib/systemd/timers/stamp-apt-daily.timer',
  'var/lib/systemd/linger/anna',
  // Sound, settings, keyrings.
  'home/anna/.local/state/wireplumber/default-nodes',
  'home/anna/.config/dconf/user',
  'home/anna/.local/share/keyrings/login.keyring',
  'home/anna/.local/share/kwalletd/kdewallet.kwl',
  'home/anna/.gnupg/private-keys-v1.d/x.key',
  'home/anna/.ssh/id_ed25519',
  'home/anna/.bash_history',
  'home/anna/.local/share/recently-used.xbel',
  // Browsers' profiles.
  `${PROFILE}/places.sqlite`,
  `${PROFILE}/logins.json`,
  `${PROFILE}/sessionstore-backups/recovery.jsonlz4`,
  `${CHROMIUM}/Local State`,
  `${CHROMIUM}/Default/Login Data`,
  `${CHROMIUM}/Default/IndexedDB/https_x_0.indexeddb.leveldb/CURRENT`,
  'home/anna/.config/Code/User/settings.json',
  // Names like those of what is dropped.
  'home/anna/cache/x',
  'home/anna/notes/lock',
  'srv/Cache/x',
  'var/lib/postgresql/17/main/PG_VERSION',
  'var/spool/cron/crontabs/anna',
];

test('the shipped rules drop what nobody wants back', () => {
  assert.deepEqual(
    DROPPED.filter((path) => !isDropped(path)),
    [],
  );
});

test('they keep what is nowhere else', () => {
  assert.deepEqual(KEPT.filter(isDropped), []);
});
