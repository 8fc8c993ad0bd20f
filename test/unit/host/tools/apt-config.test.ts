import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutLogins } from '../../../../src/core/text/logins.js';
import {
  isProxySetting,
  parseAptConfig,
  reachSettings,
  splitLogin,
} from '../../../../src/host/tools/apt-config.js';

test("of apt's settings those that concern reaching mirrors pass, none that concern trust or packages", () => {
  const dump = `APT "";
APT::Install-Recommends "1";
Acquire::Check-Valid-Until "false";
Acquire::AllowInsecureRepositories "1";
Acquire::Languages:: "none";
Acquire::http "";
Acquire::http::Proxy "http://proxy:3128";
Acquire::http::Proxy::mirror.example "DIRECT";
Acquire::http::Proxy-Auto-Detect "/usr/local/bin/find-proxy";
Acquire::https::mirror.example::CaInfo "/etc/ssl/mine.pem";
Acquire::https::Verify-Peer "false";
Acquire::ForceIPv4 "true";
Acquire::Changelogs::URI::Origin::Debian "https://changelogs.example/";
`;
  const settings = reachSettings(parseAptConfig(dump));
  assert.deepEqual(
    settings.map(({ name }) => name),
    [
      'Acquire::http::Proxy',
      'Acquire::http::Proxy::mirror.example',
      'Acquire::http::Proxy-Auto-Detect',
      'Acquire::https::mirror.example::CaInfo',
      'Acquire::https::Verify-Peer',
      'Acquire::ForceIPv4',
    ],
  );
  assert.equal(settings.filter(isProxySetting).length, 3);
});

test('names and passwords in addresses are not shown', () => {
  assert.equal(
    withoutLogins('Get:1 http://me:p%40ss@h:1/x and https://token@h/y, mail me@h'),
    'Get:1 http://***@h:1/x and https://***@h/y, mail me@h',
  );
  for (const password of ['p@ss', `o'd"d`, '@', 'a:b@c']) {
    assert.equal(withoutLogins(`at http://me:${password}@h:3128/x`), 'at http://***@h:3128/x', password);
  }
  assert.equal(withoutLogins('http://h/pool/a@b and c'), 'http://h/pool/a@b and c');
});

test('a login in an address becomes an entry of its own', () => {
  assert.deepEqual(splitLogin('https://me:p%40ss@m.example:8443/debian'), {
    address: 'https://m.example:8443/debian',
    entry: 'machine https://m.example:8443/debian login me password p@ss',
  });
  assert.deepEqual(splitLogin('http://me@corp:p@ss@m.example/a@b'), {
    address: 'http://m.example/a@b',
    entry: 'machine http://m.example/a@b login me@corp password p@ss',
  });
  assert.deepEqual(splitLogin('http://m.example/debian'), { address: 'http://m.example/debian' });
  assert.deepEqual(splitLogin('file:/srv/a@b'), { address: 'file:/srv/a@b' });
});
