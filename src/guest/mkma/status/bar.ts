/** The status for a bar: one line, printed repeatedly. */
import type { BootRecord } from '../../../core/boot/record.js';
import { formatBytes } from '../../../core/text/size.js';
import { memoryInfo } from '../../meminfo.js';
import type { GuestSystem } from '../../system.js';
import { grownBytes, measureFileSystem } from '../room.js';

/** As read by waybar-custom(5) with `"return-type": "json"`. */
export interface Bar {
  readonly text: string;
  readonly tooltip: string;
  /**
   * `low`: less than a tenth of the RAM or of the RAM file system is left; `changed`: there is something to
   * save.
   */
  readonly class: 'low' | 'changed' | 'calm';
  /** Of the RAM, in use. */
  readonly percentage: number;
}

/** Growth in bytes caused by logs and the like alone. */
const WORTH_SAVING = 2 ** 20;

export function readBar(machine: GuestSystem, record: BootRecord): Bar {
  const total = memoryInfo(machine, 'MemTotal');
  const available = memoryInfo(machine, 'MemAvailable');
  const { bytes, used, free } = measureFileSystem(machine, '/');
  const grown = grownBytes(machine, record, used);
  const percentage = Math.round(((total - available) / total) * 100);
  const changed = grown !== undefined && grown >= WORTH_SAVING;
  const low = available < total / 10 || free < bytes / 10;
  return {
    text: `RAM ${percentage}%${changed ? ` +${formatBytes(grown)}` : ''}`,
    tooltip: [
      `${formatBytes(total - available)} of ${formatBytes(total)} RAM in use`,
      `${formatBytes(used)} of ${formatBytes(bytes)} of the RAM file system in use`,
      ...(grown === undefined ? [] : [`${formatBytes(grown)} written and not saved`]),
    ].join('\n'),
    class: low ? 'low' : changed ? 'changed' : 'calm',
    percentage,
  };
}
