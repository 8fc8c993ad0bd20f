/** Random changes inside a machine, repeatable by a seed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../cli/cli.js';
import type { Vm } from './harness.js';
import { putScript } from './script.js';

const PROGRAM = '/run/random-changes';

/** Make so many changes in a folder of the machine. */
export async function changeAtRandom(vm: Vm, seed: number, count: number, folder: string): Promise<void> {
  await putScript(vm, PROGRAM, readFileSync(join(repository, 'test/vm/random-changes.sh'), 'utf8'));
  await vm.ask(`${PROGRAM} ${seed} ${count} ${folder}`, 300);
}
