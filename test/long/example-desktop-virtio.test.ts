import { test } from 'node:test';
import { tryExample } from '../vm/example.js';

test('examples/desktop is painted and typed into on a virtio card without 3D', async () => {
  const tests = [
    'the session is there, and nothing has failed',
    'a key opens a terminal, and y and z are where Germans have them',
  ];
  await tryExample('desktop', tests, ['--graphics', 'virtio', ...tests.flatMap((name) => ['--test', name])]);
});
