/** Building without a network: from kept lists and packages, verified by apt; what is missing is said at once. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { codeOf, execute, main, mkma, temporary } from './cli.js';
import { type Asked, aptFolder, fetchOn, Mirror, makeRepository } from './mirror.js';
import { writeSmall } from './small.js';

describe('a bootstrap without a network', () => {
  const folder = temporary();
  const warm = join(folder.path, 'warm');
  let apt = '';
  let asked: Asked;
  let files = '';
  const contentOf = (path: string | undefined): string =>
    execFileSync('tar', ['-t', '-f', join(path ?? '', 'tree.tar.zst')], { encoding: 'utf8' });
  before(async () => {
    makeRepository(folder.path);
    apt = aptFolder(join(folder.path, 'apt'), folder.path);
    using mirror = await new Mirror(folder.path).listen();
    const security = mirror.url.replace(/debian$/, 'debian-security');
    asked = { cache: warm, main: mirror.url, security, pauses: [] };
    mkdirSync(warm);
    const told = await fetchOn(apt, asked);
    assert.equal(told.code, undefined, told.printed);
    files = contentOf(told.path);
  });
  after(() => folder[Symbol.dispose]());

  /** A copy of the cache without what was made of it. */
  const copyOf = (name: string): string => {
    const cache = join(folder.path, name);
    cpSync(warm, cache, { recursive: true, preserveTimestamps: true });
    rmSync(join(cache, 'stages'), { recursive: true });
    return cache;
  };
  const offline = (cache: string, more: Partial<Asked> = {}) =>
    fetchOn(apt, { ...asked, cache, offline: true, ...more });
  const list = (cache: string, suite: string, end: string): string => {
    const [kept = ''] = readdirSync(join(cache, 'lists')).filter((name) => name.includes(`_${suite}.`));
    const [file = ''] = readdirSync(join(cache, 'lists', kept)).filter((name) => name.endsWith(end));
    return join(cache, 'lists', kept, file);
  };

  test('makes the same tree from what is kept', async () => {
    const told = await offline(copyOf('same'));
    assert.equal(told.code, undefined, told.printed);
    assert.equal(contentOf(told.path), files);
  });

  test('of an empty cache names the lists', async () => {
    const told = await offline(join(folder.path, 'cold'));
    assert.equal(told.code, 'not-kept', told.printed);
    for (const suite of ['trixie', 'trixie-updates', 'trixie-security'])
      assert.match(told.why ?? '', new RegExp(`^lists: ${suite} at http://127`, 'm'));
  });

  test('names every package that is missing, with its version', async () => {
    const cache = copyOf('packages');
    rmSync(join(cache, 'debs'), { recursive: true });
    const told = await offline(cache);
    assert.equal(told.code, 'not-kept', told.printed);
    assert.equal(told.why, 'packages (tools): alpha 1.0 all, beta 1.0 all');
  });

  test('does not take a package whose content changed', async () => {
    const cache = copyOf('damaged');
    spoil(join(cache, 'debs/beta_1.0_all.deb'));
    const told = await offline(cache);
    assert.equal(told.why, 'packages (tools): beta 1.0 all', told.printed);
    assert.deepEqual(told.warnings, ['cache-damaged']);
  });

  test('does not take a list whose content changed, or whose signature is wrong', async () => {
    const changed = copyOf('list');
    spoil(list(changed, 'trixie', '_Packages'));
    const got = await offline(changed);
    assert.match(got.why ?? '', /^lists: trixie at /, got.printed);
    assert.deepEqual(got.warnings, ['cache-damaged']);
    const unsigned = copyOf('signature');
    const release = list(unsigned, 'trixie', '_InRelease');
    writeFileSync(release, readFileSync(release, 'utf8').replace('Origin: mkma', 'Origin: evil'));
    const told = await offline(unsigned);
    assert.equal(told.code, 'mirror-signature', told.printed);
  });

  test('with a network, what is damaged is fetched again, with a warning, and nothing else is', async () => {
    const cache = copyOf('mended');
    spoil(join(cache, 'debs/beta_1.0_all.deb'));
    spoil(list(cache, 'trixie', '_Packages'));
    truncateSync(join(cache, 'debs/alpha_1.0_all.deb'), 1000);
    // The lists are of one address.
    using mirror = await new Mirror(folder.path).listen(Number(new URL(asked.main).port));
    const told = await fetchOn(apt, { ...asked, cache });
    assert.equal(told.code, undefined, told.printed);
    assert.deepEqual(told.warnings, ['cache-damaged', 'cache-damaged', 'cache-damaged']);
    assert.equal(contentOf(told.path), files);
    assert.equal(mirror.count('trixie-security/main/binary-amd64/Packages'), 0);
    const again = await offline(copyFrom(cache));
    assert.equal(again.code, undefined, again.printed);
  });

  /** What a build with a network left. */
  function copyFrom(cache: string): string {
    rmSync(join(cache, 'stages'), { recursive: true });
    return cache;
  }
});

describe('mkma build --offline in a network namespace without a way out', () => {
  const folder = temporary();
  after(() => folder[Symbol.dispose]());
  const build = (config: string, ...more: string[]) => {
    const output = join(folder.path, 'out');
    const words = [main, 'build', '--config', config, '--output', output, '--offline', ...more];
    return execute('unshare', ['--net', process.execPath, ...words]);
  };

  test('builds from a warm cache', async () => {
    const config = writeSmall(folder.path, 'offline');
    const online = await mkma(['build', '--config', config, '--output', join(folder.path, 'online')]);
    assert.equal(online.code, 0, online.stderr);
    const built = await build(config);
    assert.equal(built.code, 0, built.stderr);
  });

  test('lists at once what a cold cache lacks', async () => {
    const more = `files: { '/opt/tool': { url: 'http://example.org/tool', sha256: '${'0'.repeat(64)}' } }`;
    const config = writeSmall(folder.path, 'offline', more);
    const refused = await build(config, '--cache', join(folder.path, 'cold'), '--json');
    assert.equal(codeOf(refused), 'not-kept');
    const { error } = JSON.parse(refused.stdout) as { error: { why: string } };
    for (const suite of ['trixie', 'trixie-updates', 'trixie-security'])
      assert.match(error.why, new RegExp(`^lists: ${suite} at `, 'm'));
    assert.match(error.why, /those of (tools, packages|packages, tools)$/m);
    assert.match(error.why, /^the file of files.*: http:\/\/example\.org\/tool$/m);
  });
});

/** Changes one byte in the middle. */
function spoil(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes.writeUInt8((bytes.readUInt8(at) + 1) % 256, at);
  rmSync(path); // It may be a link to another cache's.
  writeFileSync(path, bytes);
}
