/** npm packages: few, exact versions, each with a digest in the lock file. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../cli/cli.js';

const read = (name: string) => JSON.parse(readFileSync(join(repository, name), 'utf8'));

test('package.json names exact versions, and one package at run time', () => {
  const { dependencies, devDependencies } = read('package.json');
  assert.deepEqual(Object.keys(dependencies), ['jiti']);
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name);
});

test('the lock file has these versions, and a digest of every package', () => {
  const { packages } = read('package-lock.json') as {
    packages: Record<string, { version?: string; integrity?: string; link?: boolean }>;
  };
  const { dependencies, devDependencies } = read('package.json');
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    assert.equal(packages[`node_modules/${name}`]?.version, version, name);
  const own = Object.entries(packages).filter(([path, { link }]) => path !== '' && link !== true);
  assert.ok(own.length > 0);
  assert.deepEqual(
    own.filter(([, { integrity = '' }]) => !/^sha512-/.test(integrity)).map(([path]) => path),
    [],
  );
});
