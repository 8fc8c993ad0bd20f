/** An existing medium, opened and mounted for a moment. */
import type { Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { type FoundMedium, readExt4Uuid } from './medium.js';
import { byUuid, deviceOf, encryptedDevices, type MediumDevices, plainDevices } from './menu-place.js';
import { mountNode, mountStorage } from './mount.js';
import { openVolume } from './open-volume.js';
import type { MediumTools } from './programs.js';

export interface MountedMedium {
  /** Where the file system with the images is mounted. */
  readonly images: string;
  /** Where the one with the menu is: the same, unless the medium is encrypted. */
  readonly boot: string;
  readonly devices: MediumDevices;
}

/** What opens an encrypted medium. */
export interface MediumKey {
  readonly tools: MediumTools;
  readonly passphrase: Uint8Array;
}

export interface MountRequest {
  readonly target: string;
  readonly medium: FoundMedium;
  /** Absent: it is not encrypted. */
  readonly key?: MediumKey | undefined;
  readonly scratch: string;
}

/** Does it while the medium is mounted for writing; afterwards everything written is on it. */
export async function onMedium<T>(
  request: MountRequest,
  context: Context,
  work: (mounted: MountedMedium) => Promise<Result<T>>,
): Promise<Result<T>> {
  const { target, medium, key, scratch } = request;
  const how = { scratch, readOnly: false };
  if (medium.encrypted === undefined) {
    const mounted = await mountStorage(target, medium.storage, how, context.signal);
    if (!mounted.ok) return mounted;
    const { path, unmount } = mounted.value;
    const devices = plainDevices(deviceOf(byUuid(medium.uuid)));
    return closing(unmount, () => work({ images: path, boot: path, devices }));
  }
  if (key === undefined) throw new Error('an encrypted medium is opened with its passphrase');
  const { boot, luks } = medium.encrypted;
  const volume = { target, part: medium.storage, luks, passphrase: key.passphrase };
  const opened = await openVolume(key.tools, volume, context.signal);
  if (!opened.ok) return opened;
  const { node, close } = opened.value;
  return closing(close, async () => {
    const inside = await mountNode(node, how, context.signal);
    if (!inside.ok) return inside;
    return closing(inside.value.unmount, async () => {
      const outside = await mountStorage(target, boot, { ...how, name: 'boot' }, context.signal);
      if (!outside.ok) return outside;
      const uuids = { storage: readExt4Uuid(node) ?? '', boot: medium.uuid, luks };
      const paths = { images: inside.value.path, boot: outside.value.path };
      return closing(outside.value.unmount, () => work({ ...paths, devices: encryptedDevices(uuids) }));
    });
  });
}

/** Does it, then closes whatever came; that closing failed is a Problem where there is no other. */
async function closing<T>(
  close: () => Promise<Result<void>>,
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  let done: Result<T>;
  try {
    done = await work();
  } catch (cause) {
    await close();
    throw cause;
  }
  const closed = await close();
  return done.ok && !closed.ok ? closed : done;
}
