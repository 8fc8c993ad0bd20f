/** Logical volumes by lvm(8): only those that are named are activated. */
import { type LogicalVolume, renderLogicalVolume } from '../../core/boot/opening.js';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import { ask, ProgramFailed } from '../ran.js';
import type { GuestSystem } from '../system.js';

/**
 * Settings of lvm.conf(5) where there is no udev, as in early boot: lvm makes the nodes itself and waits for
 * nobody. Nothing is written beside the activation, and all devices are looked at.
 */
const EARLY = [
  'activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }',
  'devices { use_devicesfile = 0 obtain_device_list_from_udev = 0 }',
  'backup { backup = 0 archive = 0 }',
].join(' ');

/** Settings on the running machine: its own devices file may not list the medium. */
const RUNNING = 'devices { use_devicesfile = 0 } activation { monitoring = 0 }';

export type LvmPlace = 'early boot' | 'machine';

function lvm(place: LvmPlace, command: string, ...args: readonly string[]): string[] {
  return ['lvm', command, '--config', place === 'machine' ? RUNNING : EARLY, ...args];
}

/** What is known of a volume group. */
interface Group {
  readonly vg_name: string;
  readonly vg_uuid: string;
  readonly pv_count: string;
  readonly vg_missing_pv_count: string;
}

/** The state of the group of a volume: usable, or what keeps it from being so. */
export type GroupState =
  | { readonly kind: 'whole' }
  /** It may still appear, or become whole. */
  | { readonly kind: 'absent'; readonly problem: Problem }
  /** Waiting does not help. */
  | { readonly kind: 'twice'; readonly problem: Problem };

/** Looks for the volume group of a volume on all devices. Reads only. */
export function groupState(machine: GuestSystem, volume: LogicalVolume, place: LvmPlace): GroupState {
  const fields = 'vg_name,vg_uuid,pv_count,vg_missing_pv_count';
  const argv = lvm(place, 'vgs', '--readonly', '--reportformat', 'json', '--options', fields);
  // 5: some groups cannot be read (lvm(8)): the others are printed nevertheless.
  return stateOf(parseGroups(ask(machine, argv, [5]).stdout), volume);
}

/** The groups in lvm's report. */
export function parseGroups(json: string): Group[] {
  const { report } = JSON.parse(json) as { report: { vg: Group[] }[] };
  return report.flatMap(({ vg }) => vg);
}

/** The same from lvm's report. Pure. */
export function stateOf(groups: readonly Group[], volume: LogicalVolume): GroupState {
  const where = renderLogicalVolume(volume);
  const own = groups.filter(({ vg_name }) => vg_name === volume.group);
  const [group] = own;
  if (own.length > 1) {
    const uuids = own.map(({ vg_uuid }) => vg_uuid).join('\n');
    return {
      kind: 'twice',
      problem: {
        code: 'lvm-twice',
        what: 'two volume groups have the same name',
        where,
        why: `their UUIDs:\n${uuids}`,
        next: 'detach the other disk, or rename its group elsewhere: vgrename UUID NEWNAME',
      },
    };
  }
  if (group === undefined) {
    const names = groups.map(({ vg_name }) => vg_name);
    return {
      kind: 'absent',
      problem: {
        code: 'lvm-missing',
        what: 'the volume group did not appear',
        where,
        why: names.length === 0 ? 'there are no volume groups' : `the volume groups are: ${names.join(', ')}`,
        next: 'correct mkma_lvm in the boot loader, or attach its disks; if it is on an encrypted disk, name that with mkma_luks=UUID',
      },
    };
  }
  const missing = Number(group.vg_missing_pv_count);
  if (missing === 0) return { kind: 'whole' };
  return {
    kind: 'absent',
    problem: {
      code: 'lvm-incomplete',
      what: 'a volume group is incomplete',
      where,
      why: `${missing} of its ${group.pv_count} physical volumes are missing`,
      next: 'attach the missing disks; if they are encrypted, name each with mkma_luks=UUID',
    },
  };
}

/** The name of an active volume in /dev/mapper (core/boot/opening.ts reads it). */
export function mapperNameOf({ group, volume }: LogicalVolume): string {
  return [group, volume].map((name) => name.replaceAll('-', '--')).join('-');
}

/** Activates a volume. */
export function activate(machine: GuestSystem, volume: LogicalVolume, place: LvmPlace): Result<void> {
  const early = place === 'early boot' ? ['--sysinit'] : [];
  const argv = lvm(place, 'lvchange', ...early, '--activate', 'y', renderLogicalVolume(volume));
  const done = machine.run(argv);
  if (done.code === 0) return ok();
  // 5: a failure of its own, such as no volume of this name (lvm(8)).
  if (done.code !== 5) throw new ProgramFailed(argv, done);
  return err({
    code: 'lvm-not-activated',
    what: 'cannot activate a logical volume',
    where: renderLogicalVolume(volume),
    why: done.stderr.trim(),
    next: 'correct mkma_lvm in the boot loader (lvs prints VG and LV); early boot opens linear and striped volumes',
  });
}

/** The command that deactivates a volume. */
export function deactivating(volume: LogicalVolume, place: LvmPlace): string[] {
  return lvm(place, 'lvchange', '--activate', 'n', renderLogicalVolume(volume));
}
