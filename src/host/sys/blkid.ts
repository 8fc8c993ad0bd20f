/** What lies on a device, as blkid(8) reads it there: lsblk and findmnt ask udev, which may not run. */
import { parseTags } from '../../core/boot/blkid.js';
import { ok, type Result } from '../../core/result.js';
import { askProgram } from './answer.js';

/** Its exit code if it recognises nothing. */
const NOTHING = 2;

/** The tags of what it recognises there, such as TYPE, UUID and LABEL; none if that is nothing. */
export async function probeTags(
  device: string,
  signal?: AbortSignal,
): Promise<Result<Readonly<Record<string, string>>>> {
  const args = ['--probe', '--output', 'export', device];
  const found = await askProgram({ file: 'blkid', args }, [NOTHING], { signal });
  return found.ok ? ok(parseTags(found.value.stdout)) : found;
}
