/** Hosts that reach mirrors only through a proxy, by a certificate of their own, or by a password: so do builds, and none of it is kept. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { codeOf, main, temporary } from './cli.js';
import { aptFolder, ForwardProxy, fetchOn, Mirror, makeRepository, onHost } from './mirror.js';

/** In every password here. */
const SECRET = 'Se-cret';
const LOGIN = `Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}`;
/** A mirror that only a proxy finds. */
const HIDDEN = { main: 'http://mirror.invalid/debian', security: 'http://mirror.invalid/debian-security' };

describe('a host', () => {
  const folder = temporary();
  let count = 0;
  /** Its /etc/apt. */
  const host = (files: Readonly<Record<string, string>> = {}): string =>
    aptFolder(join(folder.path, `apt${count++}`), folder.path, files);
  const newCache = (): string => {
    const cache = join(folder.path, `cache${count++}`);
    mkdirSync(cache);
    return cache;
  };
  /** That nothing in the folder, nor in the tree of its entries, holds the text. */
  const assertNowhere = (cache: string, text: string): void => {
    const script = `if grep -rF -e "$1" "$0"; then exit 1; fi
for tree in "$0"/stages/*/tree.tar.zst; do
  if zstd -dcq "$tree" | grep -aF -e "$1"; then exit 1; fi
done`;
    execFileSync('sh', ['-ec', script, cache, text]);
  };
  before(() => makeRepository(folder.path));
  after(() => folder[Symbol.dispose]());

  test("with apt's settings of a proxy: builds use it, and keep nothing of it", async () => {
    using mirror = await new Mirror(folder.path).listen();
    using proxy = await new ForwardProxy(mirror).listen();
    const cache = newCache();
    const setting = `Acquire::http::Proxy "http://me:${SECRET}@127.0.0.1:${proxy.port}";\n`;
    const told = await fetchOn(host({ 'apt.conf.d/proxy': setting }), { cache, ...HIDDEN, pauses: [] });
    assert.equal(told.code, undefined, told.printed);
    assert.ok(proxy.logins.includes(LOGIN));
    assert.ok(!told.printed.includes(SECRET), told.printed);
    for (const text of [SECRET, `127.0.0.1:${proxy.port}`]) assertNowhere(cache, text);

    assert.throws(() => assertNowhere(cache, 'alpha'), 'what is there is found');

    const again = await fetchOn(host(), { cache, ...HIDDEN, pauses: [] });
    assert.deepEqual(again.states, ['reused'], 'the proxy is no input of what is kept');
  });

  test('with http_proxy, or --proxy, which wins over what the host says', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using proxy = await new ForwardProxy(mirror).listen();
    const url = `http://me:${SECRET}@127.0.0.1:${proxy.port}`;
    const variable = await fetchOn(host(), { cache: newCache(), ...HIDDEN, pauses: [] }, { http_proxy: url });
    assert.equal(variable.code, undefined, variable.printed);
    const finder = join(folder.path, 'find-proxy');
    writeFileSync(finder, `#!/bin/sh\necho ${url}\n`, { mode: 0o755 });
    const auto = host({ 'apt.conf.d/proxy': `Acquire::http::Proxy-Auto-Detect "${finder}";\n` });
    const found = await fetchOn(auto, { cache: newCache(), ...HIDDEN, pauses: [] });
    assert.equal(found.code, undefined, found.printed);
    const dead = host({ 'apt.conf.d/proxy': 'Acquire::http::Proxy "http://127.0.0.1:9";\n' });
    const cache = newCache();
    const option = await fetchOn(dead, { cache, ...HIDDEN, proxy: url, pauses: [] });
    assert.equal(option.code, undefined, option.printed);
    assert.ok(!option.printed.includes(SECRET), option.printed);
    assertNowhere(cache, SECRET);
    const security = mirror.url.replace(/debian$/, 'debian-security');
    const asked = { main: mirror.url, security, proxy: 'direct', pauses: [] };
    const direct = await fetchOn(dead, { cache: newCache(), ...asked }, { http_proxy: 'http://127.0.0.1:9' });
    assert.equal(direct.code, undefined, direct.printed);
  });

  test('with a login in auth.conf.d, or in the address of the mirror', async () => {
    using mirror = await new Mirror(folder.path).listen();
    mirror.login = LOGIN;
    const security = mirror.url.replace(/debian$/, 'debian-security');
    const entry = `machine http://127.0.0.1:${mirror.port} login me password ${SECRET}\n`;
    const caches = [newCache(), newCache()];
    const asked = { main: mirror.url, security, pauses: [] };
    const [file = '', address = ''] = caches;
    const inFile = await fetchOn(host({ 'auth.conf.d/mine.conf': entry }), { cache: file, ...asked });
    assert.equal(inFile.code, undefined, inFile.printed);
    // The address is the main archive's; that of security updates has its own.
    const both = host({ 'auth.conf': entry.replace(' login', '/debian-security login') });
    const main = mirror.url.replace('://', `://me:${SECRET}@`);
    const inAddress = await fetchOn(both, { cache: address, ...asked, main });
    assert.equal(inAddress.code, undefined, inAddress.printed);
    for (const told of [inFile, inAddress]) assert.ok(!told.printed.includes(SECRET), told.printed);
    for (const cache of caches) assertNowhere(cache, SECRET);

    const nobody = await fetchOn(host(), { cache: newCache(), ...asked });
    assert.equal(nobody.code, 'mirror-refuses', nobody.printed);
  });

  test('with a certificate authority of its own', async () => {
    const [key, cert] = [join(folder.path, 'key'), join(folder.path, 'cert')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    using mirror = await new Mirror(folder.path, {
      key: readFileSync(key),
      cert: readFileSync(cert),
    }).listen();
    const archive = `https://localhost:${mirror.port}/debian`;
    const asked = { main: archive, security: `${archive}-security`, pauses: [] };
    const known = host({ 'apt.conf.d/ca': `Acquire::https::CAInfo "${cert}";\n` });
    const told = await fetchOn(known, { cache: newCache(), ...asked });
    assert.equal(told.code, undefined, told.printed);
    const unknown = await fetchOn(host(), { cache: newCache(), ...asked });
    assert.equal(unknown.code, 'mirror-certificate', unknown.printed);
  });

  test('whose proxy refuses is told so, without the password; doctor shows the settings, without it too', async () => {
    using mirror = await new Mirror(folder.path).listen();
    mirror.login = 'nobody';
    using proxy = await new ForwardProxy(mirror).listen();
    const url = `http://me:${SECRET}@127.0.0.1:${proxy.port}`;
    const output = join(folder.path, 'out');
    const words = ['--output', output, '--cache', newCache(), '--mirror', HIDDEN.main, '--proxy', url];
    const built = await onHost(host(), [process.execPath, main, 'build', '--json', '--verbose', ...words]);
    assert.equal(codeOf(built), 'mirror-refuses');
    assert.ok(!(built.stdout + built.stderr).includes(SECRET), built.stderr);

    const apt = host({
      'apt.conf.d/proxy': `Acquire::https::Proxy "${url}";\n`,
      'auth.conf.d/mine.conf': `machine mirror.invalid login me password ${SECRET}\n`,
    });
    const doctor = await onHost(apt, [process.execPath, main, 'doctor', '--json'], { http_proxy: url });
    const { reach } = JSON.parse(doctor.stdout) as { reach: { setting: string; value: string }[] };
    const shown = reach.map(({ setting, value }) => `${setting} ${value}`);
    for (const line of [
      `Acquire::https::Proxy http://***@127.0.0.1:${proxy.port}`,
      `http_proxy http://***@127.0.0.1:${proxy.port}`,
      'logins /etc/apt/auth.conf.d/mine.conf',
    ])
      assert.ok(shown.includes(line), doctor.stdout);
    assert.ok(!doctor.stdout.includes(SECRET));
  });
});
