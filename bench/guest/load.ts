/** Loads a base as early boot does, with its code: run by the initramfs's own QuickJS, in a root that is a copy of it. */
import { tellProblem } from '../../src/core/result.js';
import { readManifest } from '../../src/guest/init/images.js';
import { loadImage } from '../../src/guest/init/load-image.js';
import { RAM, STORAGE } from '../../src/guest/init/places.js';
import { quickjsMachine } from '../../src/guest/qjs/machine.js';
import { exit } from '../../src/guest/qjs/program.js';

const machine = quickjsMachine();
const path = `${STORAGE}/base.cpio.zst`;
const image = { path, shown: path, bytes: machine.info(path)?.size ?? 0 };
const manifest = readManifest(machine, image);
const loaded = manifest.ok ? loadImage(machine, image, manifest.value, `${RAM}/base`) : manifest;
if (!loaded.ok) machine.print(tellProblem(loaded.problem).join('\n'));
exit(loaded.ok ? 0 : 1);
