/** Who the machine is in this boot, for `mkma status`. */
import type { BootIdentity, BootRecord } from '../../../core/boot/record.js';
import type { Binding } from '../../../core/identity/mark.js';
import { quoteName } from '../../../core/text/path.js';
import type { GuestSystem } from '../../system.js';
import { readSavedIdentity, type SavedIdentity } from '../saved-identity.js';

export interface IdentityStatus extends Partial<BootIdentity> {
  /** The layer that this boot has it from. */
  readonly layer?: string;
  readonly bound?: Binding;
  /** Layers with identities of other machines. */
  readonly elsewhere: readonly string[];
  /** Saved since boot. */
  readonly saved?: SavedIdentity;
}

export function readIdentity(machine: GuestSystem, record: BootRecord): IdentityStatus {
  const { images, leftOut, identity } = record;
  const applied = images.findLast((image) => image.identity !== undefined);
  const saved = readSavedIdentity(machine, record);
  return {
    ...identity,
    ...(applied?.layer === undefined ? {} : { layer: applied.layer }),
    ...(applied?.identity === undefined ? {} : { bound: applied.identity }),
    elsewhere: leftOut
      .filter(({ problem }) => problem?.code === 'identity-of-another-machine')
      .map(({ layer }) => layer),
    ...(saved === undefined ? {} : { saved }),
  };
}

const BOUND: Readonly<Record<Binding, string>> = {
  machine: 'bound to this machine',
  medium: 'it goes with the medium',
};

const MACHINE_ID: Readonly<Record<BootIdentity['machineId'], string | undefined>> = {
  saved: undefined,
  firmware: 'machine-id from the firmware: the same at each boot',
  parameter: 'machine-id from the kernel command line',
  random: undefined,
};

/** For people. Empty: the record of the boot is an older one. */
export function identityLines({ layer, bound, elsewhere, saved, ...boot }: IdentityStatus): string[] {
  const { hardware, machineId, random } = boot;
  if (machineId === undefined || random === undefined) return [];
  const others = elsewhere.map((name) => `of another machine, not applied: ${quoteName(name)}`);
  const own = ((): string => {
    if (layer !== undefined) {
      const checked =
        bound === 'machine' && hardware === false ? 'not checked: the firmware has no id' : undefined;
      return `saved in ${quoteName(layer)}, ${checked ?? BOUND[bound ?? 'machine']}`;
    }
    const here = elsewhere.length === 0 ? '' : ' for this machine';
    return `not saved${here}: mkma persist --identity saves it`;
  })();
  const since =
    saved === undefined ? [] : [`saved since boot in ${quoteName(saved.layer)}, ${BOUND[saved.bound]}`];
  const made = MACHINE_ID[machineId];
  return [
    ...others,
    ...(saved === undefined || layer !== undefined ? [own] : []),
    ...since,
    ...(made === undefined ? [] : [made]),
    ...(random.length === 0 ? [] : [`new at each boot: ${random.join(', ')}`]),
  ];
}
