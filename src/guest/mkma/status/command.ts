/** `mkma status`: what this machine runs from. */
import { buildCommand } from '@stricli/core';
import { bootTimes } from '../../../core/boot/record.js';
import { ok, type Result } from '../../../core/result.js';
import type { Machine } from '../../machine.js';
import { readBootRecord } from '../boot-record.js';
import { type Answer, type Context, Failed, show } from '../session.js';
import { readBar } from './bar.js';
import { diskLine, readDisks } from './disks.js';
import { readStatus } from './status.js';
import { bootLines, statusLines } from './text.js';

function look(machine: Machine): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = readStatus(machine, record.value);
  return ok({ value, lines: (columns) => statusLines(value, columns) });
}

function lookForBar(machine: Machine): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = readBar(machine, record.value);
  return ok({ value, lines: () => [JSON.stringify(value)] });
}

function lookAtBoot(machine: Machine): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = bootTimes(record.value);
  return ok({ value, lines: () => bootLines(value) });
}

function lookForMissing(machine: Machine): Result<Answer> {
  const value = readDisks(machine).filter(({ state }) => state !== 'used');
  return ok({ value, lines: () => value.map(diskLine) });
}

interface Flags {
  readonly json?: boolean;
  readonly boot?: boolean;
  readonly bar?: boolean;
  readonly missing?: boolean;
}

export const statusCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'what this machine runs from: images, storage, times, RAM',
    fullDescription:
      'Tell what this machine runs from: the base and the layers on it, what was left out and why, the storage they came from, the disks of the definition, the times of the boot, and where the RAM went. What changed since boot is for root alone to see.',
  },
  parameters: {
    flags: {
      bar: {
        kind: 'boolean',
        brief: 'RAM in use and what is not saved, on one line, for a bar (waybar-custom(5))',
        withNegated: false,
        optional: true,
      },
      boot: {
        kind: 'boolean',
        brief: "the boot alone: from the kernel's start to the handover, part by part",
        withNegated: false,
        optional: true,
      },
      missing: {
        kind: 'boolean',
        brief: 'the disks of the definition alone that are not in use, a line each',
        withNegated: false,
        optional: true,
      },
      json: { kind: 'boolean', brief: 'one JSON document on stdout', withNegated: false, optional: true },
    },
  },
  func(flags) {
    const { json = false, boot = false, bar = false, missing = false } = flags;
    if ([boot, bar, missing].filter(Boolean).length > 1) {
      return new Failed({
        kind: 'usage',
        code: 'exclusive-options',
        what: '--bar, --boot and --missing exclude each other',
        next: 'give only one of them',
      });
    }
    const looked = bar ? lookForBar : boot ? lookAtBoot : missing ? lookForMissing : look;
    return show(this, () => looked(this.machine), json);
  },
});
