import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOpenFiles, writersOf } from '../../../../src/core/moment/open-files.js';
import { entry, tree } from '../entry.js';

const LINKS = [
  '/proc/12/fd/3 /srv/data base',
  '/proc/12/fd/4 /srv/gone (deleted)',
  '/proc/7/fd/10 /srv/copied-up',
  '/proc/7/fd/11 /root/of/another/srv/new',
  '/proc/7/fd/12 /another/new',
  '/proc/8/fd/3 /srv/data base',
  '/proc/9/fd/3 /elsewhere/new',
  '',
].join('\0');
const NUMBERS = `/proc/12/fdinfo/3:ino:\t11
/proc/7/fdinfo/10:ino:\t5
/proc/7/fdinfo/11:ino:\t13
/proc/7/fdinfo/12:ino:\t99
/proc/7/fdinfo/0:ino:\t1
/proc/9/fdinfo/3:ino:\t13
`;

test('files that programs have open for writing: of descriptors that have a name', () => {
  assert.deepEqual(parseOpenFiles(LINKS, NUMBERS), [
    { pid: 12, ino: '11', path: '/srv/data base' },
    { pid: 7, ino: '5', path: '/srv/copied-up' },
    { pid: 7, ino: '13', path: '/root/of/another/srv/new' },
    { pid: 7, ino: '99', path: '/another/new' },
    // Ended before the second listing.
    { pid: 8, ino: '', path: '/srv/data base' },
    { pid: 9, ino: '13', path: '/elsewhere/new' },
  ]);
});

test('whose they are: by path, or by number where a program sees another root', () => {
  const entries = tree(
    entry('srv/data base', { ino: '11' }),
    entry('srv/copied-up', { ino: '12' }),
    entry('srv/new', { ino: '13' }),
    entry('srv/other/new', { ino: '13', type: 'd' }),
    entry('new', { ino: '14' }),
  );
  const writers = writersOf(parseOpenFiles(LINKS, NUMBERS), entries);
  assert.deepEqual(Object.fromEntries(writers), {
    'srv/data base': [12, 8],
    'srv/copied-up': [7],
    'srv/new': [7],
  });
});
