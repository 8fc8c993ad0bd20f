/** Encrypted volumes by cryptsetup(8): found by the UUID of their header, opened, closed. */
import { RAM_HEADROOM } from '../../core/contract.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { memoryInfo } from '../meminfo.js';
import { ask, ProgramFailed } from '../ran.js';
import type { GuestSystem } from '../system.js';
import { listBlockDevices } from './blkid.js';
import { describeDisk } from './describe-disk.js';
import { fitSlots, parseSlots } from './slots.js';

/** An encrypted volume that is there. */
export interface LuksVolume {
  readonly uuid: string;
  readonly node: string;
}

/** Exit codes of cryptsetup(8): wrong passphrase, out of memory. */
const CODE = { noKey: 2, noMemory: 3 } as const;

/** Name of an opened volume in /dev/mapper. */
export function mappingOf(uuid: string): string {
  return `mkma-${uuid}`;
}

/** Description of a volume's key in the kernel's keyring, if it stays there. */
function keyNameOf(uuid: string): string {
  return `%user:${mappingOf(uuid)}`;
}

/**
 * Finds the volume; `undefined`: it is not there (yet). A copy of it beside it is refused: either might be
 * meant.
 */
export function findLuks(machine: GuestSystem, uuid: string): Result<LuksVolume | undefined> {
  const found = listBlockDevices(machine).filter(
    ({ tags }) => tags.TYPE === 'crypto_LUKS' && tags.UUID?.toLowerCase() === uuid,
  );
  if (found.length < 2) return ok(found[0] === undefined ? undefined : { uuid, node: found[0].node });
  return err({
    code: 'luks-twice',
    what: 'two encrypted volumes have the same UUID',
    where: uuid,
    why: found.map(({ node }) => describeDisk(machine, node)).join('\n'),
    next: 'detach the copy, or give it a UUID of its own: cryptsetup luksUUID --uuid "$(uuidgen)" DEVICE',
  });
}

/** How a volume may be opened. */
export interface OpenHow {
  /** Leave its key in the user keyring of root (keyrings(7)), if it is LUKS2. */
  readonly keepKey?: boolean;
}

/** Which keyslots may be tried, and of which kind the header is. */
export interface Slots {
  /** cryptsetup leaves no key of LUKS1 in a keyring (cryptsetup-open(8), --link-vk-to-keyring). */
  readonly luks2: boolean;
  /** Numbers to try one after the other; `undefined`: all at once. */
  readonly numbers: readonly number[] | undefined;
  readonly warning: Problem | undefined;
}

/** Compares what deriving the keys takes with the available RAM. */
export function checkSlots(machine: GuestSystem, { uuid, node }: LuksVolume): Result<Slots> {
  // A LUKS1 header has no such metadata: cryptsetup refuses to print them.
  const dump = ask(machine, ['cryptsetup', 'luksDump', '--dump-json-metadata', node], [1]);
  const available = Math.max(0, memoryInfo(machine, 'MemAvailable') - RAM_HEADROOM);
  const fit = fitSlots(parseSlots(dump.code === 0 ? dump.stdout : ''), available, `${node}, UUID ${uuid}`);
  if (fit.kind === 'none') return err(fit.problem);
  const some = fit.kind === 'some' ? fit : undefined;
  return ok({ luks2: dump.code === 0, numbers: some?.slots, warning: some?.problem });
}

/** Opens a volume with a passphrase or the content of a key file; `false`: no keyslot accepts it. */
export function openLuks(
  machine: GuestSystem,
  volume: LuksVolume,
  secret: Uint8Array,
  { numbers, luks2 }: Slots,
  { keepKey = false }: OpenHow = {},
): Result<boolean> {
  for (const number of numbers ?? [undefined]) {
    const slot = number === undefined ? [] : ['--key-slot', String(number)];
    const argv = [
      'cryptsetup',
      'open',
      '--type',
      'luks',
      '--key-file=-',
      ...slot,
      ...keyring(volume, keepKey && luks2),
    ];
    const opened = machine.run([...argv, ...readOnly(machine, volume), volume.node, mappingOf(volume.uuid)], {
      secret,
    });
    if (opened.code === 0) return ok(true);
    if (opened.code === CODE.noMemory) return err(outOfMemory(volume, opened.stderr));
    if (opened.code !== CODE.noKey) throw new ProgramFailed([...argv, volume.node], opened);
  }
  return ok(false);
}

/**
 * Opens a volume with the key that early boot left in the keyring; `false`: it is not there, or out of reach.
 */
export function openByKeyring(machine: GuestSystem, volume: LuksVolume): boolean {
  const argv = ['cryptsetup', 'open', '--type', 'luks2', `--volume-key-keyring=${keyNameOf(volume.uuid)}`];
  const words = [...readOnly(machine, volume), '--disable-keyring', volume.node, mappingOf(volume.uuid)];
  return machine.run([...argv, '--batch-mode', ...words]).code === 0;
}

/** Without `keepKey` the key is handed to the kernel's dm-crypt alone, and never is in a keyring. */
function keyring({ uuid }: LuksVolume, keepKey: boolean): string[] {
  return keepKey ? [`--link-vk-to-keyring=@u::${keyNameOf(uuid)}`] : ['--disable-keyring'];
}

function readOnly(machine: GuestSystem, { node }: LuksVolume): string[] {
  const name = node.slice(node.lastIndexOf('/') + 1);
  return (machine.readText(`/sys/class/block/${name}/ro`) ?? '').trim() === '1' ? ['--readonly'] : [];
}

function outOfMemory({ uuid, node }: LuksVolume, words: string): Problem {
  return {
    code: 'luks-memory',
    what: 'not enough RAM to derive the key of a volume',
    where: `${node}, UUID ${uuid}`,
    why: words.trim(),
    next: 'give the machine more RAM, or lower the need elsewhere: cryptsetup luksConvertKey --pbkdf-memory KIB',
  };
}

/** The warning that a volume's key does not stay in the kernel though it was to. */
export function keyNotKept({ uuid, node }: LuksVolume): Problem {
  return {
    code: 'luks-key-not-kept',
    what: 'the key of a volume is not left in the kernel: commands will ask for the passphrase',
    where: `${node}, UUID ${uuid}`,
    why: 'initramfs.keepKey needs LUKS2, and its header is LUKS1',
    next: `convert it elsewhere, while it is closed: cryptsetup convert --type luks2 ${node}`,
  };
}

/** The command that closes a volume. */
export function closingLuks(uuid: string): string[] {
  return ['cryptsetup', 'close', mappingOf(uuid)];
}
