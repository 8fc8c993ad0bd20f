/** Whether the machine that is built can open the storage that its images are on. */
import { kindsOf } from '../../core/boot/opening.js';
import { ok, type Result, usage } from '../../core/result.js';
import type { Placement } from '../boot-entry/placement.js';
import { storageKinds } from '../definition/storage-kinds.js';
import type { BuildSettings } from '../steps/settings.js';

/**
 * The settings with the kinds of storage that early boot opens: `auto` becomes what the output folder is on,
 * and what the definition's kernel parameters name. Refuses a list that lacks what the output folder needs.
 */
export function settleStorage(settings: BuildSettings, placement: Placement): Result<BuildSettings> {
  const { machine } = settings;
  const { initramfs } = machine;
  const found = placement.bootable && placement.opening !== undefined ? kindsOf(placement.opening) : [];
  const storage = storageKinds(machine, found);
  const lacking = found.filter((kind) => !storage.includes(kind));
  if (lacking.length === 0)
    return ok({ ...settings, machine: { ...machine, initramfs: { ...initramfs, storage } } });
  const list = [...storage, ...lacking].map((kind) => `'${kind}'`).join(', ');
  return usage({
    code: 'initramfs-cannot-open',
    what: 'the initramfs could not open the storage that the output folder is on',
    where: 'initramfs.storage',
    field: ['initramfs', 'storage'],
    why: `the folder is on ${lacking.join(' and ')}, which the list does not contain`,
    next: `use storage: [${list}], or 'auto'`,
  });
}
