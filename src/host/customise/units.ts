/** Services and other units, enabled, disabled and masked in the tree. */
import { err, ok, type Result } from '../../core/result.js';
import type { MachineConfig } from '../definition/machine.js';
import { unitOf } from '../definition/unit-names.js';
import type { Tree } from './tree.js';

/** The units of a machine that saves by itself. */
const SAVING = ['mkma-persist.timer', 'mkma-persist-shutdown.service'];

export async function setUnits(tree: Tree, { services, persist }: MachineConfig): Promise<Result<void>> {
  if (persist.auto !== false) {
    const enabled = await tree.run(['systemctl', '--quiet', 'enable', ...SAVING]);
    if (!enabled.ok) return enabled;
  }
  for (const [verb, names] of [
    ['disable', services.disable],
    ['mask', services.mask],
    ['enable', services.enable],
  ] as const) {
    for (const [i, unit] of names.map(unitOf).entries()) {
      const done = await tree.run(['systemctl', '--quiet', verb, unit]);
      if (done.ok) continue;
      if (done.problem.code === 'no-space') return done;
      return err({
        code: 'unit-failed',
        ...(done.problem.why === undefined ? {} : { why: done.problem.why }),
        what: `cannot ${verb} a unit`,
        where: `services.${verb}: ${unit}`,
        field: ['services', verb, i],
        next: 'check its name; the package that contains it must be among packages',
      });
    }
  }
  return ok();
}
