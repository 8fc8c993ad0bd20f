/** Limits of `persist` that contradict. */
import { contradict } from '../../../core/rules/limits.js';
import { parseBytes } from '../../../core/text/size.js';
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';

export function checkPersist({ persist: { limits } }: MachineConfig): Fault[] {
  const [file, layer] = [limits.largestFile, limits.largestLayer];
  if (!contradict(parseBytes(file ?? ''), parseBytes(layer ?? ''))) return [];
  const [first, second] = (['largestFile', 'largestLayer'] as const).map((one) => ['persist', 'limits', one]);
  return [
    fault(
      'limits-contradict',
      first as string[],
      (named) => `${named(first as string[])} is ${file}, more than ${named(second as string[])}, ${layer}`,
      'lower the first, or raise the second',
    ),
  ];
}
