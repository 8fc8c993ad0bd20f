/** Modules that are not the kernel's own load in the booted machine. */
import { test } from 'node:test';
import { temporary } from '../cli/cli.js';
import { MODULE_TESTS, writeDefinition } from '../cli/tiny-modules.js';
import { tryDefinition } from '../vm/example.js';

test("modules that dkms and builds made for the image's kernel load in the machine", async () => {
  using folder = temporary();
  await tryDefinition(writeDefinition(folder.path), 'modules', Object.keys(MODULE_TESTS));
});
