import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeInside, resolveInside } from '../../../src/guest/resolve.js';
import { FakeMachine } from './fake-machine.js';

test('links are followed inside the root: absolute ones start there, .. never leaves it', () => {
  const machine = new FakeMachine();
  machine.files.set('/r/sbin', { link: 'usr/sbin' });
  machine.files.set('/r/usr/sbin/init', { link: '../../../../lib/init' });
  machine.files.set('/r/lib', { link: '/usr/lib' });
  assert.equal(resolveInside(machine, '/r', '/sbin/init'), '/usr/lib/init');
});

test('links that go round in circles end', () => {
  const machine = new FakeMachine();
  machine.files.set('/r/a', { link: '/b' });
  machine.files.set('/r/b', { link: 'a' });
  assert.equal(resolveInside(machine, '/r', '/a'), undefined);
  assert.equal(placeInside(machine, '/r', '/a'), '/r/a');
});

test('a folder on a medium that is a link to elsewhere means that place on the medium', () => {
  const machine = new FakeMachine();
  machine.files.set('/r/images', { link: '/var/images' });
  machine.files.set('/r/up', { link: '../../etc' });
  machine.files.set('/r/top', { link: '/' });
  const places = ['/images', '/up', '/top', ''].map((path) => placeInside(machine, '/r', path));
  assert.deepEqual(places, ['/r/var/images', '/r/etc', '/r', '/r']);
});
