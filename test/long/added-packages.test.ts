/**
 * Packages of many kinds, added to a machine that is built already: the images are those of a build that installs
 * everything again, and nearly all of them are added to the cached tree.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mkma, temporary } from '../cli/cli.js';
import { digestsOf } from '../cli/digests.js';
import { inOwnMounts } from '../cli/persist/namespace.js';

inOwnMounts(import.meta.url);

/** What is particular about each. */
const PACKAGES: Readonly<Record<string, string>> = {
  htop: 'a tool',
  jq: 'a tool with libraries',
  tmux: 'a program that registers a shell',
  git: 'many hard links',
  rsync: 'a disabled service',
  chrony: 'a daemon with a user',
  'avahi-daemon': 'a daemon with a user, D-Bus',
  'openssh-server': 'keys made when it is installed, ucf, debconf',
  'nginx-light': 'a server',
  cron: 'a group and a set-group-ID program',
  zsh: 'a login shell',
  vim: 'alternatives',
  gawk: 'an alternative of a required program',
  fontconfig: 'a cache, triggers',
  'fonts-dejavu-core': 'a font',
  'python3-requests': 'a Python module, compiled when it is installed',
  'man-db': 'an index, triggers of others',
  'shared-mime-info': 'a derived database',
  'molly-guard': 'diversions',
  'libpam-tmpdir': 'a change of the PAM configuration',
};
const EPOCH = '1764500000';

const folder = temporary({ onDisk: true });
after(() => folder[Symbol.dispose]());
const config = join(folder.path, 'mkma.config.ts');
const slow: string[] = [];

async function build(output: string, packages: readonly string[], ...more: string[]): Promise<string> {
  const fields = `extends: ['console'], hostname: 'more', packages: ${JSON.stringify(packages)}`;
  writeFileSync(
    config,
    `import { defineMachine } from 'mkma';\nexport default defineMachine({ ${fields} });\n`,
  );
  const into = ['--output', join(folder.path, output), '--cache', join(folder.path, 'cache')];
  const words = ['build', '--config', config, ...into, '--json', ...more];
  const done = await mkma(words, { env: { SOURCE_DATE_EPOCH: EPOCH } });
  assert.equal(done.code, 0, done.stdout + done.stderr);
  return done.stderr;
}

before(async () => {
  await build('out', []);
});

for (const [name, kind] of Object.entries(PACKAGES)) {
  test(`${name}: ${kind}`, async () => {
    const events = await build('out', [name]);
    const why = /installing all packages again: ([^"]*)/.exec(events)?.[1];
    if (why !== undefined) slow.push(`${name}: ${why}`);
    else assert.match(events, new RegExp(`adding ${name} to packages in the cache`));
    await build('whole', [name], '--refresh');
    assert.deepEqual(digestsOf(join(folder.path, 'out')), digestsOf(join(folder.path, 'whole')));
  });
}

test('at most two of them are installed with everything else again', () => {
  assert.ok(slow.length <= 2, slow.join('\n'));
});
