/** Whether the initramfs of a boot entry can open the volumes that the entry names. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { kindsOf, openingOf } from '../../core/boot/opening.js';
import { FILES, type StorageKind } from '../../core/contract.js';
import { bootParameters } from '../../core/loader/entry.js';
import type { Problem } from '../../core/result.js';
import type { PlacedEntry } from '../boot-entry/plan.js';
import { readInitramfsManifest } from '../pack/initramfs-manifest.js';

/**
 * A problem for each entry whose initramfs cannot, or is not readable; one that mkma did not build is not
 * judged.
 */
export async function whatCannotOpen(
  entries: readonly PlacedEntry[],
  signal: AbortSignal,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { entry, images } of entries) {
    const wanted = kindsOf(openingOf(bootParameters(entry)));
    if (wanted.length === 0) continue;
    const file = join(images, FILES.initramfs);
    const manifest = await readInitramfsManifest(realpathSync(file), signal);
    if (!manifest.ok) {
      problems.push(manifest.problem);
      continue;
    }
    const { storage = [] } = manifest.value ?? { storage: wanted };
    const lacking = wanted.filter((kind) => !storage.includes(kind));
    if (lacking.length > 0) problems.push(cannotOpen(file, lacking));
  }
  return problems;
}

function cannotOpen(where: string, lacking: readonly StorageKind[]): Problem {
  const names = { luks: 'encrypted volumes (LUKS)', lvm: 'logical volumes (LVM)' };
  return {
    code: 'initramfs-cannot-open',
    what: 'this initramfs cannot open what the images are on: its entry will not boot',
    where,
    why: `it was built without the means for ${lacking.map((kind) => names[kind]).join(' and ')}`,
    next: `build again; for another output folder, add initramfs: { storage: [${lacking.map((kind) => `'${kind}'`).join(', ')}] } to the definition`,
  };
}
