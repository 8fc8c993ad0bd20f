/** Power cuts while an identity is replaced (power/replacing.ts). */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inOwnMounts } from './persist/namespace.js';
import { checkEachWrite } from './power/replacing.js';

inOwnMounts(import.meta.url);

test('after every write of a new identity, flushed or not, the old one is there or the new one is, each whole', (t) => {
  const key = 'etc/ssh/ssh_host_ed25519_key';
  checkEachWrite(t, {
    base(folder) {
      mkdirSync(join(folder, 'etc/ssh'), { recursive: true });
      writeFileSync(join(folder, 'etc/machine-id'), '');
    },
    before({ merged }, mkma) {
      writeFileSync(join(merged, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
      writeFileSync(join(merged, key), randomBytes(5000), { mode: 0o600 });
      mkma('persist', '--identity');
    },
    replace({ merged }, mkma) {
      writeFileSync(join(merged, key), randomBytes(5000));
      mkma('persist', '--identity');
    },
  });
});
