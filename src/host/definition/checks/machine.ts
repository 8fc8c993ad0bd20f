/** Errors that no field has by itself: values that contradict each other or this host. */
import { basename } from 'node:path';
import { type Fault, fault } from '../fault.js';
import type { MachineConfig } from '../machine.js';
import { unitOf } from '../unit-names.js';
import { checkDisks } from './disks.js';
import { checkFiles } from './files.js';
import { checkPackages } from './packages.js';
import { checkPersist } from './persist.js';
import { present } from './present.js';
import { checkUsers } from './users.js';
import { checkTables, checkVolumes } from './volumes.js';

/** Every error, in the order of the schema. */
export function checkMachine(machine: MachineConfig): Fault[] {
  const checks = [
    suite,
    format,
    checkPackages,
    checkFiles,
    checkDisks,
    checkVolumes,
    checkTables,
    checkPersist,
    checkUsers,
    services,
    names,
  ];
  return checks.flatMap((check) => check(machine));
}

/** Suites before trixie: they lack quickjs, the engine of early boot. */
const TOO_OLD = ['oldoldstable', 'oldstable', 'buster', 'bullseye', 'bookworm'];

function suite({ suite: name }: MachineConfig): Fault[] {
  if (!TOO_OLD.includes(name)) return [];
  return [
    fault(
      'suite-too-old',
      ['suite'],
      `the suite ${name} is too old: early boot requires quickjs, which is in trixie or newer`,
      'use trixie or newer',
    ),
  ];
}

/** The first Linux that reads EROFS compressed with zstd (CONFIG_EROFS_FS_ZIP_ZSTD). */
const EROFS_ZSTD = [6, 10] as const;

function format({ format: form, kernel }: MachineConfig): Fault[] {
  const release =
    kernel.from === 'path' ? basename(kernel.modules) : kernel.from === 'host' ? kernel.release : undefined;
  if (form !== 'erofs' || release === undefined) return [];
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [least, atLeast] = EROFS_ZSTD;
  if (major > least || (major === least && minor >= atLeast)) return [];
  return [
    fault(
      'format-needs-kernel',
      ['format'],
      `the kernel ${release} cannot read an erofs base: that requires Linux ${EROFS_ZSTD.join('.')} or newer`,
      "use the suite's kernel (--kernel debian), or the format cpio",
    ),
  ];
}

function services({ services: { enable, disable, mask } }: MachineConfig): Fault[] {
  const enabled = new Set(enable.map(unitOf));
  const both = (list: readonly string[], word: string): Fault[] =>
    list.flatMap((name, i) =>
      enabled.has(unitOf(name))
        ? [
            fault(
              'unit-contradiction',
              ['services', word, i],
              `${unitOf(name)} is both enabled and ${word === 'mask' ? 'masked' : 'disabled'}`,
              'remove it from one of the lists; replace([...]) drops inherited entries',
            ),
          ]
        : [],
    );
  return [...both(disable, 'disable'), ...both(mask, 'mask')];
}

function names({ builds, tests, hooks }: MachineConfig): Fault[] {
  const twice = (list: readonly { readonly name: string }[], field: string): Fault[] =>
    list.flatMap(({ name }, i) =>
      list.findIndex((other) => other.name === name) < i
        ? [
            fault(
              'name-twice',
              [field, i, 'name'],
              (named) => `${named([field, i])} has the name "${name}" of an earlier entry`,
              'rename one of them',
            ),
          ]
        : [],
    );
  const scripts = hooks.flatMap(({ run, on, at }, i) => [
    ...(typeof run === 'object' ? present(['hooks', i, 'run', 'script'], run.script, 'file') : []),
    ...(at === 'images' && on === 'image' && typeof run !== 'function'
      ? [
          fault(
            'hook-point',
            ['hooks', i, 'on'],
            (named) => `${named(['hooks', i])} cannot run in the image after it was packed`,
            'run it at "system", or on the host (on: "host")',
          ),
        ]
      : []),
  ]);
  return [...twice(builds, 'builds'), ...twice(tests, 'tests'), ...scripts];
}
