/** Opens the encrypted part of a medium for a moment: the suite's cryptsetup, this kernel's device mapper. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { askProgram } from '../sys/answer.js';
import { run, runAny } from '../sys/run.js';
import type { Part } from './layout.js';
import { partitionNode } from './partitions.js';
import type { MediumTools } from './programs.js';

export interface OpenedVolume {
  /** The device with the file system. */
  readonly node: string;
  readonly close: () => Promise<Result<void>>;
}

/** cryptsetup(8): no keyslot accepts the passphrase. */
const WRONG = 2;
/** What a kernel with a device mapper has (drivers/md/dm-ioctl.c). */
const MAPPER = '/sys/class/misc/device-mapper';
/** Where it shows what is open. */
const MAPPINGS = '/dev/mapper';
/** Where udev listens, if it runs: otherwise nobody would answer libdevmapper. */
const UDEV = '/run/udev/control';

/** Whether this kernel can open volumes; known before anybody is asked for a passphrase. */
export async function requireMapper(target: string, signal: AbortSignal): Promise<Result<void>> {
  // Where it is not a module of its own, or is loaded already, this fails and nothing is lacking.
  await runAny({ file: 'modprobe', args: ['-abq', 'dm_mod', 'dm_crypt'] }, { signal });
  return existsSync(MAPPER) ? ok() : err(noMapper(target));
}

/** Opens it. `luks`: the UUID of its header. */
export async function openVolume(
  { programs }: MediumTools,
  { target, part, luks, passphrase }: VolumeRequest,
  signal: AbortSignal,
): Promise<Result<OpenedVolume>> {
  const device = await deviceFor(target, part, signal);
  if (!device.ok) return device;
  const { node, release } = device.value;
  const name = `mkma-install-${luks}`;
  const env = existsSync(UDEV) ? {} : { DM_DISABLE_UDEV: '1' };
  const how = ['--type', 'luks2', '--key-file=-', '--disable-keyring', '--batch-mode'];
  const open = { ...programs.cryptsetup(['open', ...how, node, name]), env, input: passphrase };
  const closed = () => run({ ...programs.cryptsetup(['close', name]), env });
  const opened = await askProgram(open, [WRONG], { signal }).catch(async (cause: unknown) => {
    // It may have been interrupted after the kernel had opened it.
    if (existsSync(join(MAPPINGS, name))) await closed();
    await release();
    throw cause;
  });
  if (!opened.ok || opened.value.exitCode === WRONG) {
    await release();
    return opened.ok ? err(wrong(target)) : opened;
  }
  const close = async (): Promise<Result<void>> => {
    // Without the signal: an interruption must not leave it open.
    const gone = await closed();
    const released = await release();
    return gone.ok ? released : gone;
  };
  return ok({ node: join(MAPPINGS, name), close });
}

export interface VolumeRequest {
  readonly target: string;
  readonly part: Part;
  readonly luks: string;
  readonly passphrase: Uint8Array;
}

/** The partition's own node, else a loop device over it. */
async function deviceFor(
  target: string,
  part: Part,
  signal: AbortSignal,
): Promise<Result<{ readonly node: string; readonly release: () => Promise<Result<void>> }>> {
  const own = await partitionNode(target, part, signal);
  if (!own.ok) return own;
  if (own.value !== undefined) return ok({ node: own.value, release: async () => ok() });
  const where = ['--offset', String(part.start), '--sizelimit', String(part.bytes)];
  const made = await run({ file: 'losetup', args: ['--find', '--show', ...where, target] }, { signal });
  if (!made.ok) return made;
  const node = made.value.stdout.trim();
  const release = async (): Promise<Result<void>> => {
    const gone = await run({ file: 'losetup', args: ['--detach', node] });
    return gone.ok ? ok() : gone;
  };
  return ok({ node, release });
}

function wrong(where: string): Problem {
  return {
    code: 'luks-wrong-passphrase',
    what: 'the medium was not opened',
    where,
    why: 'no keyslot accepts this passphrase',
    next: 'run the command again',
  };
}

function noMapper(where: string): Problem {
  return {
    code: 'no-device-mapper',
    what: 'this system cannot open encrypted media',
    where,
    why: 'its kernel has no device mapper',
    next: 'run it on a system whose kernel has one, such as Debian; making a new medium takes none',
  };
}
