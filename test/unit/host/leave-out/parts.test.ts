import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dpkgConfig, partOf } from '../../../../src/host/leave-out/parts.js';

test('documentation goes, licences stay', () => {
  assert.equal(partOf('/usr/share/doc/bash/README'), 'docs');
  assert.equal(partOf('/usr/share/doc/bash/examples/copyright.txt'), 'docs');
  assert.equal(partOf('/usr/share/doc/bash/copyright'), undefined);
  assert.equal(partOf('/usr/share/man/man1/bash.1.gz'), 'docs');
  assert.equal(partOf('/usr/share/docs'), undefined);
});

test('translations are told from documentation; a translated manual page counts as documentation', () => {
  assert.equal(partOf('/usr/share/locale/de/LC_MESSAGES/bash.mo'), 'locales');
  assert.equal(partOf('/usr/share/locale/locale.alias'), undefined);
  assert.equal(partOf('/usr/share/man/de/man1/bash.1.gz'), 'docs');
});

test('without locales, dpkg is told to keep the untranslated manual; without docs as well, none of it', () => {
  const rules = (parts: Parameters<typeof dpkgConfig>[0]) => dpkgConfig(parts)?.split('\n').slice(1, -1);
  assert.deepEqual(rules(['locales']), [
    'path-exclude=/usr/share/locale/*',
    'path-include=/usr/share/locale/locale.alias',
    'path-exclude=/usr/share/man/*',
    'path-include=/usr/share/man/man*',
  ]);
  assert.deepEqual(rules(['docs', 'locales'])?.slice(3, 7), [
    'path-include=/usr/share/man/man*',
    'path-exclude=/usr/share/doc/*',
    'path-include=/usr/share/doc/*/copyright',
    'path-exclude=/usr/share/man/*',
  ]);
  assert.equal(dpkgConfig(['modules', 'firmware']), undefined);
});
