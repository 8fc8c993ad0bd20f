/** Power cuts while `mkma layers merge` works (power/replacing.ts). */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { layersAmong } from '../../src/core/set/layer-names.js';
import { inOwnMounts } from './persist/namespace.js';
import { checkEachWrite } from './power/replacing.js';

inOwnMounts(import.meta.url);

test('after every write of a merge, flushed or not, the old layers are all there or the new one is, each whole', (t) => {
  checkEachWrite(t, {
    base: (folder) => mkdirSync(join(folder, 'root')),
    before({ merged }, mkma) {
      for (let i = 0; i < 4; i++) {
        writeFileSync(join(merged, 'root/data'), randomBytes(200_000));
        writeFileSync(join(merged, `root/${i}`), randomBytes(50_000));
        mkma('persist', '--all', '--level', '1');
      }
    },
    replace(_, mkma, old) {
      const names = layersAmong([...old.keys()]).map(({ name }) => name);
      mkma('layers', 'merge', `${names[0]}..${names[2]}`, '--level', '1');
    },
  });
});
