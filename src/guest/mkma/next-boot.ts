/**
 * What the next boot will load, as of the last time mkma changed the storage: `mkma status` shows it without
 * touching the storage.
 */

import { lastValue, parseCmdline } from '../../core/boot/cmdline.js';
import type { BootRecord } from '../../core/boot/record.js';
import { DEFAULTS, PARAM } from '../../core/contract.js';
import { asThisBoot, type NextBoot } from '../../core/layers/next-boot.js';
import { ALL_LAYERS, type LayerSelection, parseLayerSelection } from '../../core/set/layer-names.js';
import type { GuestSystem, RunningSystem } from '../system.js';

const FILE = '/run/mkma/next-boot.json';

/** The `mkma_layers=` of this boot: the next one is assumed to have the same. */
export function layerSelection(machine: GuestSystem): LayerSelection {
  const asked = lastValue(parseCmdline(machine.readText('/proc/cmdline') ?? ''), PARAM.layers);
  const parsed = parseLayerSelection(asked ?? DEFAULTS.layers);
  // Early boot has refused invalid values.
  return parsed.ok ? parsed.value : ALL_LAYERS;
}

/** For `mkma status`, until the next boot. */
export function rememberNextBoot(machine: RunningSystem, next: NextBoot): void {
  // A lack of room for it does not make the completed work a failure.
  if (machine.write(`${FILE}.part`, JSON.stringify(next))) machine.rename(`${FILE}.part`, FILE);
  else machine.run(['rm', '-f', `${FILE}.part`, FILE]);
}

/** What was recorded last; before that, what this boot loaded. */
export function readNextBoot(machine: GuestSystem, record: BootRecord): NextBoot {
  const text = machine.readText(FILE);
  return text === undefined ? asThisBoot(record) : (JSON.parse(text) as NextBoot);
}
