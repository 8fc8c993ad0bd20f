/** What `mkma install` did, for people. Pure. */
import { formatBytes } from '../../../core/text/size.js';
import { bootsText, PROTECTION } from '../../media/describe.js';
import { menuPlaceOf } from '../../media/menu-place.js';
import type { Sealed } from '../../media/seal.js';
import type { UpdatedMedium } from '../../media/update.js';
import type { MediumPlan } from '../../media/write.js';
import type { InstallResult } from './options.js';

/** What became of a new medium. */
interface Made {
  readonly kind: 'file' | 'device';
  readonly signed: boolean;
  /** Its encrypted part; absent: it has none. */
  readonly seal?: Sealed | undefined;
}

function sealLines(seal: Sealed | undefined): string[] {
  if (seal === undefined) return [];
  return [
    'Base and layers are encrypted; kernel and initramfs are not. Keep the passphrase: without it all is lost.',
    `At boot, deriving the key takes ${seal.header.keyMemory} MiB of RAM.`,
  ];
}

export function resultOf(
  target: string,
  { ids, layout }: MediumPlan,
  { kind, signed, seal }: Made,
): InstallResult {
  const { bytes } = layout;
  const made =
    kind === 'file'
      ? `made the medium ${target} (${formatBytes(bytes)})`
      : `made ${target} a medium (${formatBytes(bytes)}), written and read back`;
  const lines = [made, `${bootsText(signed)}.`, ...sealLines(seal), '', ...PROTECTION];
  return { target, generation: 1, present: false, uuid: menuPlaceOf({ layout, ids }).value, bytes, lines };
}

export function updatedResult(target: string, uuid: string, updated: UpdatedMedium): InstallResult {
  const { number, present, copied } = updated;
  const head = present
    ? `${target} has these images already, as generation ${number}`
    : `added generation ${number} to ${target} (${formatBytes(copied)} written); its layers and older generations stay`;
  const other =
    updated.default === number
      ? []
      : [`generation ${updated.default} stays the default, as mkma generations use chose it`];
  const lines = [head, ...other, ...(present ? [] : ['', ...PROTECTION])];
  return { target, generation: number, present, uuid, lines };
}

export function refreshedResult(target: string, uuid: string, changed: readonly string[]): InstallResult {
  const lines =
    changed.length === 0
      ? [`${target} has these boot programs already`]
      : [`renewed on ${target}: ${changed.join(', ')}`];
  return { target, uuid, renewed: changed, lines };
}
