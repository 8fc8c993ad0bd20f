/** Keys of repositories by address and fingerprint: fetched once, refused unless they are the ones, and what apt makes of them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MachineConfig } from '../../src/host/definition/machine.js';
import { PLAIN_REACH, type Reach } from '../../src/host/mirror/reach.js';
import type { Event } from '../../src/host/report/event.js';
import { fetchKeys, keyReader } from '../../src/host/steps/bootstrap/keys.js';
import { publicKeysOf } from '../../src/host/tools/openpgp/keys.js';
import { temporary } from './cli.js';
import { makeDeb, makeFlatRepository } from './flat-repository.js';
import { aptFolder, ForwardProxy, fetchOn, Mirror, makeRepository } from './mirror.js';

describe('keys by address', () => {
  const folder = temporary();
  let count = 0;
  let fingerprint = '';
  const newCache = (): string => {
    const cache = join(folder.path, `cache${count++}`);
    mkdirSync(cache);
    return cache;
  };
  const repositoryOf = (base: string, wanted: string, file = 'Release.key') => ({
    ...{ uri: `${base}/flat/`, suites: ['/'], components: [], inMachine: true },
    key: { url: `${base}/flat/${file}`, fingerprint: wanted },
  });
  /** Fetch it as a build does. */
  const fetchInto = async (
    cache: string,
    repository: MachineConfig['repositories'][string],
    { refresh = false, reach = PLAIN_REACH as Reach } = {},
  ) => {
    const events: Event[] = [];
    const machine = { repositories: { own: repository } } as unknown as MachineConfig;
    const context = { emit: (event: Event) => void events.push(event), signal: new AbortController().signal };
    const done = await fetchKeys({ machine, cache, refresh, reach }, context, []);
    return done.ok ? undefined : done.problem;
  };

  before(() => {
    makeRepository(folder.path);
    const debs = [makeDeb(folder.path, { Package: 'gamma' }, { 'usr/share/gamma/file': 'gamma\n' })];
    fingerprint = makeFlatRepository({ folder: join(folder.path, 'www/flat'), debs });
  });
  after(() => folder[Symbol.dispose]());

  test('out of two keys the one with the fingerprint is kept, fetched once, and again with --refresh', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const base = `http://127.0.0.1:${mirror.port}`;
    const cache = newCache();
    const repository = repositoryOf(base, fingerprint.replace(/.{4}/g, '$& ').toLowerCase());
    assert.equal(publicKeysOf(readFileSync(join(folder.path, 'www/flat/Release.key'))).length, 2);
    for (let i = 0; i < 2; i++) assert.equal(await fetchInto(cache, repository), undefined);
    assert.equal(mirror.count('Release.key'), 1);
    const text = keyReader({ cache })(repository.key);
    assert.deepEqual(
      publicKeysOf(Buffer.from(text)).map((key) => key.fingerprint),
      [fingerprint],
    );
    assert.equal(await fetchInto(cache, repository, { refresh: true }), undefined);
    assert.equal(mirror.count('Release.key'), 2);
  });

  test('another key, another file and no file are refused by name, and nothing of them is kept', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const base = `http://127.0.0.1:${mirror.port}`;
    const cache = newCache();
    for (const [repository, code] of [
      [repositoryOf(base, 'ab'.repeat(20)), 'repository-key-mismatch'],
      [repositoryOf(base, fingerprint, 'Packages'), 'repository-key-invalid'],
      [repositoryOf(base, fingerprint, 'nowhere'), 'repository-key-absent'],
      [repositoryOf('http://127.0.0.1:1', fingerprint), 'mirror-unreachable'],
    ] as const) {
      const problem = await fetchInto(cache, repository);
      assert.equal(problem?.code, code, JSON.stringify(problem));
      assert.deepEqual(problem?.field, ['repositories', 'own', 'key']);
      assert.equal(problem?.where, repository.key.url);
    }
    const stages = join(cache, 'stages');
    assert.deepEqual(readdirSync(stages), []);
  });

  test('what this host has of proxies holds for keys, and a key of this host is a file: address', async () => {
    using mirror = await new Mirror(folder.path).listen();
    using proxy = await new ForwardProxy(mirror).listen();
    const settings = [{ name: 'Acquire::http::Proxy', value: `http://me:pw@127.0.0.1:${proxy.port}` }];
    const hidden = repositoryOf('http://keys.invalid', fingerprint);
    assert.equal(await fetchInto(newCache(), hidden, { reach: { ...PLAIN_REACH, settings } }), undefined);
    assert.ok(proxy.logins.includes(`Basic ${Buffer.from('me:pw').toString('base64')}`));
    const local = repositoryOf(`file://${join(folder.path, 'www')}`, fingerprint);
    assert.equal(await fetchInto(newCache(), local), undefined);
  });

  test('a key that has expired is refused; one that expires in the cache is fetched anew', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const base = `http://127.0.0.1:${mirror.port}`;
    const file = join(folder.path, 'www/flat/Release.key');
    const aside = `${file}.aside`;
    const cache = newCache();
    const key = { made: '20200101T000000', valid: '1y' };
    const old = makeFlatRepository({ folder: join(folder.path, 'www/old'), debs: [], key });
    const oldFile = join(folder.path, 'www/old/Release.key');
    const repository = {
      ...repositoryOf(base, old),
      key: { url: `${base}/old/Release.key`, fingerprint: old },
    };
    assert.equal((await fetchInto(cache, repository))?.code, 'repository-key-expired');
    // As if it had been valid when it was put there.
    const good = repositoryOf(base, fingerprint);
    assert.equal(await fetchInto(cache, good), undefined);
    const [entry = ''] = readdirSync(join(cache, 'stages'));
    writeFileSync(join(cache, 'stages', entry, 'key.asc'), readFileSync(oldFile));
    renameSync(file, aside);
    try {
      assert.equal((await fetchInto(cache, good))?.code, 'repository-key-absent');
    } finally {
      renameSync(aside, file);
    }
    assert.equal(await fetchInto(cache, good), undefined);
    rmSync(join(folder.path, 'www/old'), { recursive: true });
  });

  test('apt takes packages of a flat repository with such a key, and an expired one is named', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const [base, apt] = [`http://127.0.0.1:${mirror.port}`, aptFolder(join(folder.path, 'apt'), folder.path)];
    const asked = { main: mirror.url, security: `${mirror.url}-security`, pauses: [], extra: ['gamma'] };
    const repositories = { own: repositoryOf(base, fingerprint) };
    const told = await fetchOn(apt, { ...asked, cache: newCache(), repositories });
    assert.equal(told.code, undefined, told.printed);
    const list = readFileSync(join(told.path ?? '', 'packages.txt'), 'utf8');
    assert.match(list, /^gamma$/m);

    const old = join(folder.path, 'www/old');
    makeFlatRepository({ folder: old, debs: [], key: { made: '20200101T000000', valid: '1y' } });
    const expired = { ...repositories.own, uri: `${base}/old/`, key: join(old, 'Release.key') };
    const refused = await fetchOn(apt, { ...asked, cache: newCache(), repositories: { expired } });
    assert.equal(refused.code, 'repository-signature', refused.printed);
    assert.match(refused.where ?? '', /\/old$/);
    assert.match(refused.why ?? '', /expired/);
  });
});
