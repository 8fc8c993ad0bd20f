/** What a medium that somebody mounted is called. */
import { err, ok, type Result } from '../../core/result.js';
import { probeUuid } from '../boot-entry/placement.js';
import { readMounts } from '../sys/mounts.js';

/** The file system that is mounted at `root`, as `UUID=...`. */
export async function mountedDevice(root: string, signal: AbortSignal): Promise<Result<string>> {
  const source = readMounts().findLast(({ point }) => point === root)?.source ?? '';
  const uuid = await probeUuid(source, signal);
  if (!uuid.ok) return uuid;
  if (uuid.value !== null) return ok(`UUID=${uuid.value}`);
  return err({
    code: 'entries-not-updated',
    what: "cannot read the UUID of this medium's file system",
    where: source,
    why: 'its menu names it by that',
    next: 'mount the medium from its own partition (lsblk shows it), then repeat the command',
  });
}
