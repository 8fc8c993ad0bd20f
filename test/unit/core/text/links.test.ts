import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followLinks } from '../../../../src/core/text/links.js';

const LINKS: Readonly<Record<string, string>> = {
  '/bin': 'usr/bin',
  '/etc/alternatives/vi': '/usr/bin/vim',
  '/usr/bin/vi': '/etc/alternatives/vi',
  '/out': '../../../etc',
  '/loop': 'loop',
  '/a': 'b/.',
  '/b': '/a',
};
const follow = (path: string, last?: 'followed' | 'kept') => followLinks(path, (link) => LINKS[link], last);

test('links are followed inside the root, and none leads out of it', () => {
  assert.equal(follow('/bin/vi'), '/usr/bin/vim');
  assert.equal(follow('/out/passwd'), '/etc/passwd');
  assert.equal(follow('/../../bin/./sh'), '/usr/bin/sh');
  assert.equal(follow('/'), '/');
});

test('a link at the end is kept where it is asked for, those before it are followed', () => {
  assert.equal(follow('/bin/vi', 'kept'), '/usr/bin/vi');
  assert.equal(follow('/bin', 'kept'), '/bin');
});

test('links that go round in circles lead nowhere', () => {
  assert.equal(follow('/loop'), undefined);
  assert.equal(follow('/a/x'), undefined);
  assert.equal(follow('/loop', 'kept'), '/loop');
});
