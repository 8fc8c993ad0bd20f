/** The disks that volume groups of LVM are on. */
import { askProgram } from '../sys/answer.js';

/** pvs(8): no devices file restricts what is looked at, and nothing is changed. */
const ARGS = ['pvs', '--readonly', '--config', 'devices { use_devicesfile = 0 }', '--reportformat', 'json'];

/** lvm(8): some volumes cannot be read; the others are reported. */
const PARTLY = 5;

/**
 * UUIDs of the physical volumes of these groups, as blkid(8) prints them; `undefined`: this host has no lvm,
 * or it fails.
 */
export async function membersOf(groups: readonly string[]): Promise<readonly string[] | undefined> {
  const args = [...ARGS, '--options', 'pv_uuid,vg_name'];
  const asked = await askProgram({ file: 'lvm', args }, [PARTLY]);
  return asked.ok ? parseMembers(asked.value.stdout, groups) : undefined;
}

/** The same from the report of pvs(8). Pure. */
export function parseMembers(json: string, groups: readonly string[]): string[] {
  const { report } = JSON.parse(json) as { report: { pv: { pv_uuid: string; vg_name: string }[] }[] };
  const volumes = report.flatMap(({ pv }) => pv);
  return volumes.filter(({ vg_name }) => groups.includes(vg_name)).map(({ pv_uuid }) => pv_uuid);
}
