/** Files by URL: only with their digest, downloaded once, refused where they are others. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MachineConfig } from '../../src/host/definition/machine.js';
import { resolveMachine } from '../../src/host/definition/resolve.js';
import { PLAIN_REACH } from '../../src/host/mirror/reach.js';
import type { Event } from '../../src/host/report/event.js';
import { fetchUrls, missingUrls, urlPath, withFetched } from '../../src/host/steps/bootstrap/urls.js';
import { temporary } from './cli.js';
import { Mirror } from './mirror.js';

describe('a file by URL', () => {
  const folder = temporary();
  const content = 'what the publisher offers\n';
  const sha256 = createHash('sha256').update(content).digest('hex');
  const cache = join(folder.path, 'cache');
  const machineOf = (url: string, digest = sha256) =>
    ({
      files: { '/opt/tool': { url, sha256: digest, mode: '0755' } },
      builds: [],
    }) as unknown as MachineConfig;
  const fetchInto = async (machine: MachineConfig) => {
    const events: Event[] = [];
    const context = { emit: (event: Event) => void events.push(event), signal: new AbortController().signal };
    const done = await fetchUrls({ machine, cache, reach: PLAIN_REACH }, context, []);
    return { problem: done.ok ? undefined : done.problem, events };
  };
  before(() => {
    mkdirSync(join(folder.path, 'www'));
    mkdirSync(cache);
    writeFileSync(join(folder.path, 'www/tool'), content);
  });
  after(() => folder[Symbol.dispose]());

  test('is downloaded once and verified, and again where the cache has another one', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const machine = machineOf(`http://127.0.0.1:${mirror.port}/tool`);
    assert.match(
      missingUrls({ machine, cache, reach: PLAIN_REACH })[0] ?? '',
      /^the file of files\S*tool.*: http/,
    );
    for (let i = 0; i < 2; i++) assert.equal((await fetchInto(machine)).problem, undefined);
    assert.equal(mirror.count('/tool'), 1);
    assert.deepEqual(missingUrls({ machine, cache, reach: PLAIN_REACH }), []);
    assert.equal(readFileSync(urlPath(cache, sha256), 'utf8'), content);
    const { files } = withFetched(machine, cache);
    assert.deepEqual(files['/opt/tool'], { from: urlPath(cache, sha256), mode: '0755' });
    writeFileSync(urlPath(cache, sha256), content.toUpperCase());
    const again = await fetchInto(machine);
    assert.ok(
      again.events.some((event) => event.type === 'warning' && event.problem.code === 'cache-damaged'),
    );
    assert.equal(readFileSync(urlPath(cache, sha256), 'utf8'), content);
  });

  test('with another digest is refused with the one it has, and its field', async () => {
    using mirror = await new Mirror(folder.path).listen();
    const { problem } = await fetchInto(machineOf(`http://127.0.0.1:${mirror.port}/tool`, '0'.repeat(64)));
    assert.equal(problem?.code, 'url-digest-mismatch');
    assert.equal(problem?.suggestion, sha256);
    assert.deepEqual(problem?.field, ['files', '/opt/tool']);
    const absent = await fetchInto(machineOf(`http://127.0.0.1:${mirror.port}/none`, '1'.repeat(64)));
    assert.equal(absent.problem?.code, 'url-absent');
  });

  test('needs a digest', async () => {
    const config = join(folder.path, 'mkma.config.json');
    writeFileSync(config, JSON.stringify({ files: { '/opt/tool': { url: 'http://example.org/tool' } } }));
    const resolved = await resolveMachine({ config });
    assert.ok(!resolved.ok && resolved.problem.kind === 'usage', JSON.stringify(resolved));
    assert.match(JSON.stringify(resolved.problem), /sha256/);
    assert.match(resolved.problem.where ?? '', /mkma\.config\.json:1/);
  });
});
