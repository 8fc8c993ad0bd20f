/** A test's own machine. */
import { join } from 'node:path';
import { repository, temporary } from '../cli.js';
import { sharedImages } from '../images.js';
import { type MachineOptions, TestMachine } from './machine.js';
import { inOwnMounts } from './namespace.js';

/** A machine for the test file `url`, which starts again in a mount namespace; released at its end. */
export function startMachine(url: string, options: Partial<MachineOptions> = {}): TestMachine {
  inOwnMounts(url);
  const folder = temporary();
  const machine = new TestMachine({
    ...{ images: sharedImages(), dist: join(repository, 'dist'), scratch: folder.path },
    ...options,
  });
  process.on('exit', () => {
    machine.close();
    folder[Symbol.dispose]();
  });
  return machine;
}
