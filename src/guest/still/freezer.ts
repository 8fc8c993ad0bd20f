/** The kernel's freezer for control groups (kernel: admin-guide/cgroup-v2.rst, cgroup.freeze). */
import type { GuestSystem } from '../system.js';

/** Where the hierarchy of version 2 is mounted, also beside one of version 1. */
const MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** Groups that go on: the one that freezes the others, its guardian's, and the one of process 1. */
export const OWN_GROUP = 'mkma-still';
export const GUARD_GROUP = 'mkma-guard';
const NEVER = new Set([OWN_GROUP, GUARD_GROUP, 'init.scope']);

/** The folder of the hierarchy's root; `undefined`: there is none. */
export function findHierarchy(machine: GuestSystem): string | undefined {
  return MOUNTS.find((folder) => machine.info(`${folder}/cgroup.procs`) !== undefined && isSecond(folder));
  function isSecond(folder: string): boolean {
    return machine.info(`${folder}/cgroup.controllers`) !== undefined;
  }
}

/** Makes a group below the root, and moves this process there; `false` if that is refused. */
export function enterGroup(machine: GuestSystem, hierarchy: string, name: string): boolean {
  const group = `${hierarchy}/${name}`;
  // 0 is the process that writes.
  return machine.makeFolder(group, 0o755) === undefined && machine.write(`${group}/cgroup.procs`, '0');
}

/** Groups at the top that have processes, and that nothing else has frozen. */
export function groupsToFreeze(machine: GuestSystem, hierarchy: string): string[] {
  return (machine.list(hierarchy) ?? [])
    .filter((name) => !NEVER.has(name))
    .map((name) => `${hierarchy}/${name}`)
    .filter(
      (group) =>
        machine.readText(`${group}/cgroup.freeze`)?.trim() === '0' &&
        /^populated 1$/m.test(eventsOf(machine, group)),
    );
}

/** Processes that are in no group, or in one that is never frozen; kernel threads among them. */
export function freeProcesses(machine: GuestSystem, hierarchy: string): number[] {
  return [hierarchy, `${hierarchy}/init.scope`].flatMap((group) =>
    (machine.readText(`${group}/cgroup.procs`) ?? '').split('\n').filter(Boolean).map(Number),
  );
}

/** Starts to freeze groups; `false` if that is refused. */
export function freeze(machine: GuestSystem, groups: readonly string[]): boolean {
  return groups.every((group) => machine.write(`${group}/cgroup.freeze`, '1'));
}

/** Lets groups go on. */
export function thaw(machine: GuestSystem, groups: readonly string[]): void {
  for (const group of groups) machine.write(`${group}/cgroup.freeze`, '0');
}

/** Those of the groups in which some process still runs. */
export function notFrozen(machine: GuestSystem, groups: readonly string[]): string[] {
  return groups.filter((group) => {
    const events = eventsOf(machine, group);
    // One whose last process has ended, or that is gone, has nothing that could run.
    return /^frozen 0$/m.test(events) && /^populated 1$/m.test(events);
  });
}

function eventsOf(machine: GuestSystem, group: string): string {
  return machine.readText(`${group}/cgroup.events`) ?? '';
}
