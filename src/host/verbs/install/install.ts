/** `mkma install`: a set of images onto a medium that any PC boots. */

import { join } from 'node:path';
import { err, ok, type Problem, type Result, usage } from '../../../core/result.js';
import type { Context } from '../../context.js';
import { allOf } from '../../media/block-device.js';
import { consequenceLines, deviceLines } from '../../media/describe.js';
import type { FoundMedium } from '../../media/medium.js';
import type { MediumKey } from '../../media/mounted-medium.js';
import { requireMapper } from '../../media/open-volume.js';
import { refreshLoader } from '../../media/refresh-loader.js';
import { mayChange, mayWrite } from '../../media/refuse.js';
import { findTarget, type Target } from '../../media/target.js';
import { updateMedium } from '../../media/update.js';
import { backingOf, usesOf } from '../../media/uses.js';
import { stage } from '../../stage.js';
import { type Lock, tryLock } from '../../sys/lock.js';
import { lockToRead } from '../../sys/output.js';
import { makeScratch } from '../../sys/scratch.js';
import { type Content, findContent, readDigests, requireOpening } from './content.js';
import { unfitEncryption } from './encryption.js';
import { fetchTools } from './fetch.js';
import { makeDevice, makeFile, requireSize } from './new-medium.js';
import type { InstallOptions, InstallResult } from './options.js';
import { refreshedResult, updatedResult } from './tell.js';

/** Makes a medium, or adds a generation to one. */
export async function install(options: InstallOptions, context: Context): Promise<Result<InstallResult>> {
  const target = await findTarget(options.target, context.signal);
  if (!target.ok) return target;
  const allowed = checkOptions(options, target.value);
  if (!allowed.ok) return allowed;
  const free = await requireFree(options, target.value);
  if (!free.ok) return free;
  const lock = await lockTarget(target.value, context.signal);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const scratch = await makeScratch(join(options.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  try {
    return await installOn(target.value, options, scratch.value.path, context);
  } finally {
    scratch.value.remove();
  }
}

async function installOn(
  target: Target,
  options: InstallOptions,
  scratch: string,
  context: Context,
): Promise<Result<InstallResult>> {
  const medium = mediumOf(target, options);
  if (options.refreshLoader && medium !== undefined)
    return refresh(target, medium, options, scratch, context);
  const images = await lockToRead(options.output, options.owner);
  if (!images.ok) return images;
  using _reading = images.value;
  const content = findContent(options, context);
  if (!content.ok) return content;
  const encrypt = medium === undefined ? options.encrypt : medium.encrypted !== undefined;
  if (encrypt) {
    const opening = await requireOpening(content.value, context.signal);
    if (!opening.ok) return opening;
  }
  if (medium !== undefined) return update(target, medium, content.value, options, scratch, context);
  if (target.kind === 'device') {
    const large = requireSize(target.device, content.value, encrypt);
    if (!large.ok) return large;
  }
  const tools = await fetchTools(options, content.value.suite, scratch, context);
  if (!tools.ok) return tools;
  const sure = await confirmed(target, options, context);
  if (!sure.ok) return sure;
  const passphrase = encrypt ? await options.passphrase('new') : undefined;
  if (passphrase?.ok === false) return passphrase;
  const { keyMemory } = options;
  const encryption = passphrase === undefined ? undefined : { passphrase: passphrase.value, keyMemory };
  const making = { options, content: content.value, ...tools.value, encryption, scratch };
  if (target.kind === 'new') return makeFile(making, target.path, context);
  if (target.kind === 'device') return makeDevice(making, target.device, context);
  throw new Error('a file that is a medium is updated, never overwritten');
}

/** The medium that is there and stays; `undefined`: one is made. */
function mediumOf(target: Target, { fresh }: InstallOptions): FoundMedium | undefined {
  return target.kind === 'new' || fresh ? undefined : target.medium;
}

function checkOptions(options: InstallOptions, target: Target): Result<void> {
  const { size, fresh, refreshLoader: refreshing, root, ownMounts } = options;
  const where = options.target;
  if (size !== undefined && target.kind !== 'new') {
    return usage({
      code: 'option-unfit',
      what: '--size is for new files',
      where,
      why: target.kind === 'device' ? 'a disk has its own size' : 'this file is a medium already',
      next: 'leave it out, or name a new file',
    });
  }
  if (fresh && target.kind === 'file') {
    return usage({
      code: 'option-unfit',
      what: '--fresh is for disks',
      where,
      next: 'remove the file, or name a new one',
    });
  }
  if (fresh && refreshing) {
    return usage({
      code: 'exclusive-options',
      what: '--fresh does not go with --refresh-loader',
      where,
      why: 'the one overwrites all of the disk, the other keeps all but the boot programs',
      next: 'omit one of the two',
    });
  }
  const unfit = unfitEncryption(options, mediumOf(target, options));
  if (unfit !== undefined) return usage({ code: 'option-unfit', ...unfit, where });
  if (refreshing && (target.kind === 'new' || target.medium === undefined)) {
    return usage({
      code: 'option-unfit',
      what: '--refresh-loader is for media that mkma made',
      where,
      next: 'leave it out: a new medium gets current boot programs',
    });
  }
  if (target.kind === 'new' || (root && ownMounts)) return ok();
  return err({
    code: 'needs-root',
    what: root ? 'mkma install needs a mount namespace of its own' : 'this requires root',
    where,
    why: target.kind === 'device' ? 'it writes to a disk' : 'it mounts the medium for a moment',
    next: root ? 'run it outside of the container' : 'run it with sudo',
  });
}

/** Refuses a target that something else uses, or that must not be written. */
async function requireFree(options: InstallOptions, target: Target): Promise<Result<void>> {
  if (target.kind === 'new') return ok();
  const update = mediumOf(target, options) !== undefined;
  if (target.kind === 'device') {
    // Somebody else may use the file that a loop device is over.
    const backing = backingOf(target.device.name);
    const paths = [
      ...allOf(target.device).map(({ path }) => path),
      ...(backing === undefined ? [] : [backing]),
    ];
    const medium = target.medium?.uuid;
    return mayWrite(target.device, await usesOf(target.path, paths), { medium, update });
  }
  return mayChange(target.path, await usesOf(target.path, [target.path]));
}

/**
 * The lock that udev respects: it does not look at a disk while it is held (systemd, BLOCK_DEVICE_LOCKING).
 */
async function lockTarget(target: Target, signal: AbortSignal): Promise<Result<Lock | undefined>> {
  if (target.kind === 'new') return ok(undefined);
  const lock = await tryLock(target.path, signal);
  if (!lock.ok || lock.value !== undefined) return lock;
  return err({
    code: 'target-in-use',
    what: 'this is in use',
    where: target.path,
    why: 'another program holds the lock on it',
    next: 'wait for it to end',
  });
}

async function confirmed(
  target: Target,
  { confirm }: InstallOptions,
  context: Context,
): Promise<Result<void>> {
  if (target.kind !== 'device') return ok();
  const { device, medium } = target;
  const lines = [...deviceLines(device), ...consequenceLines(false)];
  if (medium !== undefined) lines.push('It is a medium of mkma: its generations and layers are lost too.');
  for (const text of lines) context.emit({ type: 'note', text });
  return (await confirm(device.name)) ? ok() : err(notConfirmed(device.name, device.path));
}

function notConfirmed(name: string, where: string): Problem {
  return {
    code: 'target-not-confirmed',
    what: 'nothing was written',
    where,
    why: `the name of the disk, ${name}, was not given`,
    next: `type it when asked; in scripts: --confirm ${name}`,
  };
}

async function update(
  target: Target,
  medium: FoundMedium,
  content: Content,
  options: InstallOptions,
  scratch: string,
  context: Context,
): Promise<Result<InstallResult>> {
  if (target.kind === 'device') {
    const { device } = target;
    for (const text of [...deviceLines(device), ...consequenceLines(true)])
      context.emit({ type: 'note', text });
    if (!(await options.confirm(device.name))) return err(notConfirmed(device.name, device.path));
  }
  const { set, suite } = content;
  const key = medium.encrypted === undefined ? ok(undefined) : await keyOf(options, suite, scratch, context);
  if (!key.ok) return key;
  const layers = options.layers === undefined ? undefined : content.layers;
  const digests = await readDigests([...set.files, ...(layers ?? [])], context);
  if (!digests.ok) return digests;
  const { identities, append } = options;
  const wanted = { target: target.path, isDevice: target.kind === 'device', medium, set, layers, scratch };
  const added = await stage(context, 'write', 'adding a generation', () =>
    updateMedium({ ...wanted, key: key.value, digests: digests.value, identities, append }, context),
  );
  return added.ok ? ok(updatedResult(target.path, medium.uuid, added.value)) : added;
}

/** What opens an encrypted medium. */
async function keyOf(
  options: InstallOptions,
  suite: string,
  scratch: string,
  context: Context,
): Promise<Result<MediumKey>> {
  const able = await requireMapper(options.target, context.signal);
  if (!able.ok) return able;
  const tools = await fetchTools(options, suite, scratch, context);
  if (!tools.ok) return tools;
  const passphrase = await options.passphrase('open');
  return passphrase.ok ? ok({ tools: tools.value.tools, passphrase: passphrase.value }) : passphrase;
}

async function refresh(
  target: Target,
  medium: FoundMedium,
  options: InstallOptions,
  scratch: string,
  context: Context,
): Promise<Result<InstallResult>> {
  const content = findContent(options, context);
  if (!content.ok) return content;
  const { suite, epoch } = content.value;
  const tools = await fetchTools({ ...options, refresh: true }, suite, scratch, context);
  if (!tools.ok) return tools;
  const sure = await confirmedRefresh(target, options, context);
  if (!sure.ok) return sure;
  const done = await stage(context, 'write', 'shim and GRUB', () =>
    refreshLoader({ target: target.path, medium, tools: tools.value.tools, scratch, epoch }, context.signal),
  );
  return done.ok ? ok(refreshedResult(target.path, medium.uuid, done.value)) : done;
}

async function confirmedRefresh(
  target: Target,
  { confirm }: InstallOptions,
  { emit }: Context,
): Promise<Result<void>> {
  if (target.kind !== 'device') return ok();
  const { device } = target;
  for (const text of [...deviceLines(device), 'Its boot programs are renewed; all else stays.'])
    emit({ type: 'note', text });
  return (await confirm(device.name)) ? ok() : err(notConfirmed(device.name, device.path));
}
