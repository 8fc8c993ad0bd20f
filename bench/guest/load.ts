/**
 * Loads a base as early boot does, with its code: run by the initramfs's own QuickJS, in a root that is a copy of it. Of the
 * two forms the one that lies there; where there is a file /mkma/unchecked, a file system is taken unseen.
 */
import type { ImageInfo } from '../../src/core/image/image.js';
import { ok, type Result, renderProblem } from '../../src/core/result.js';
import { BASE, RAM, VIEW } from '../../src/guest/init/folders.js';
import { holdFileSystem } from '../../src/guest/init/hold.js';
import { findBase, readInfo } from '../../src/guest/init/images.js';
import { loadImage } from '../../src/guest/init/load-image.js';
import { undoList } from '../../src/guest/init/undo.js';
import { mustMakeFolder } from '../../src/guest/must.js';
import { quickjsMachine } from '../../src/guest/qjs/machine.js';
import { exit } from '../../src/guest/qjs/program.js';

const machine = quickjsMachine();

function load(): Result<unknown> {
  const image = findBase(machine, '');
  if (!image.ok) return image;
  const info = readInfo(machine, image.value);
  if (!info.ok) return info;
  if (info.value.format !== 'erofs') {
    return loadImage(machine, image.value, info.value.manifest, `${RAM}/base`);
  }
  mustMakeFolder(machine, VIEW, 0o700);
  const { manifest, ...unchecked } = info.value;
  const known: ImageInfo = machine.info('/mkma/unchecked') === undefined ? info.value : unchecked;
  const held = holdFileSystem(machine, image.value, known, { folder: BASE, kind: 'base' }, undoList(machine));
  return held.ok ? ok(manifest) : held;
}

const loaded = load();
if (!loaded.ok) machine.print(renderProblem(loaded.problem).join('\n'));
exit(loaded.ok ? 0 : 1);
