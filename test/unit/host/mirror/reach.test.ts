import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeReach,
  PLAIN_REACH,
  proxyVariables,
  renderReach,
} from '../../../../src/host/mirror/reach.js';
import { problemOf } from '../../problem.js';

const ENV = { http_proxy: 'http://env:1', HTTPS_PROXY: 'http://env:2', no_proxy: 'localhost', HOME: '/root' };

test('variables that name proxies pass; --proxy takes their place; direct means none', () => {
  const { HOME: _, ...proxies } = ENV;
  assert.deepEqual(proxyVariables(ENV), { ok: true, value: proxies });
  const url = 'http://asked:3';
  assert.deepEqual(proxyVariables(ENV, `${url}/`), {
    ok: true,
    value: { http_proxy: url, https_proxy: url, ftp_proxy: url, HTTPS_PROXY: url, no_proxy: 'localhost' },
  });
  assert.deepEqual(proxyVariables(ENV, 'direct'), { ok: true, value: {} });
});

test('what is no proxy is refused, with what was probably meant', () => {
  const problem = problemOf(proxyVariables({}, 'proxy.example:3128'), 'proxy-invalid');
  assert.equal(problem.suggestion, 'http://proxy.example:3128');
  assert.equal(problem.kind, 'usage');
  for (const wrong of ['http://', 'http://a/b', 'ftp://a', 'a b', '', 'http://a:1"; Dir "/x', 'socks5://a:1'])
    problemOf(proxyVariables({}, wrong), 'proxy-invalid');
  const secret = problemOf(proxyVariables({}, 'ftp://me:secret@h'), 'proxy-invalid');
  assert.ok(!JSON.stringify(secret).includes('secret'));
});

test("mkma's own patience comes before the host's settings, which win; logins lie in a file of their own", () => {
  const settings = [{ name: 'Acquire::http::Timeout', value: '120' }];
  const logins = { file: '/nonexistent', folder: '/etc/apt/auth.conf.d' };
  const { conf, auth } = renderReach({ ...PLAIN_REACH, logins, settings }, '/tmp/auth', [
    'machine m login me',
  ]);
  const lines = conf.trimEnd().split('\n');
  const own = lines.indexOf('Acquire::http::Timeout "20";');
  assert.ok(own >= 0 && lines.indexOf('Acquire::http::Timeout "120";') > own, conf);
  assert.ok(lines.includes('Dir::Etc::netrc "/tmp/auth";'));
  assert.ok(lines.includes('Dir::Etc::netrcparts "/etc/apt/auth.conf.d";'));
  assert.match(auth, /^machine m login me\n/);
});

test('shown without passwords, with a scheme or without', () => {
  const variables = { http_proxy: 'http://me:secret@h:1', https_proxy: 'me:secret@h:2' };
  const logins = { file: '/nonexistent', folder: '/nonexistent' };
  assert.deepEqual(describeReach({ settings: [], logins, variables }), [
    { setting: 'http_proxy', value: 'http://***@h:1' },
    { setting: 'https_proxy', value: '***@h:2' },
  ]);
});
