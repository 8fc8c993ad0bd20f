/**
 * Makes all other programs stand still for a moment (`still.js`), or lets them go on if that one cannot
 * (`still.js guard HIERARCHY SECONDS GROUP...`).
 */
import { guard, serveGuard } from '../qjs/guard.js';
import { quickjsMachine } from '../qjs/machine.js';
import { exit, programArguments } from '../qjs/program.js';
import { enterGroup, GUARD_GROUP, thaw } from './freezer.js';
import { ANSWER, PLAN, type StillPlan } from './plan.js';
import { standStill } from './stand-still.js';

const [verb, hierarchy, seconds, ...groups] = programArguments();
const machine = quickjsMachine();
if (verb === 'guard') {
  if (enterGroup(machine, hierarchy as string, GUARD_GROUP)) {
    serveGuard(Number(seconds), () => thaw(machine, groups));
    // The kernel ends other programs first if RAM runs out (proc_pid_oom_score_adj(5)).
    machine.write('/proc/self/oom_score_adj', '-1000');
  }
} else {
  const plan = JSON.parse(machine.readText(PLAN) ?? '') as StillPlan;
  const answer = standStill(machine, plan, { now: () => Date.now(), guard });
  exit(machine.write(ANSWER, JSON.stringify(answer)) ? 0 : 1);
}
