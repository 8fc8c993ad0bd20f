/** `mkma status`: what this machine runs from. */
import { buildCommand } from '@stricli/core';
import { type BootRecord, bootTimes } from '../../../core/boot/record.js';
import { ok, type Result } from '../../../core/result.js';
import { formatBytes } from '../../../core/text/size.js';
import type { GuestSystem, RunningSystem } from '../../system.js';
import { readBootRecord } from '../boot-record.js';
import { diskLine, readDisks } from '../disks.js';
import { needRoot } from '../images-folder.js';
import { readFigures, unsavedText } from '../persist/figures.js';
import { countUnsaved } from '../persist/unsaved.js';
import { grownBytes, measureFileSystem } from '../room.js';
import { type Answer, type Context, Failed, show } from '../session.js';
import { checkView } from '../view.js';
import { readBar } from './bar.js';
import { readStatus } from './status.js';
import { bootLines, statusLines } from './text.js';

function look(machine: RunningSystem): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = readStatus(machine, record.value);
  return ok({ value, lines: (columns) => statusLines(value, columns) });
}

function lookForBar(machine: GuestSystem): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = readBar(machine, record.value);
  return ok({ value, lines: () => [JSON.stringify(value)] });
}

function lookAtBoot(machine: GuestSystem): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = bootTimes(record.value);
  return ok({ value, lines: () => bootLines(value) });
}

function lookForMissing(machine: GuestSystem): Result<Answer> {
  const value = readDisks(machine).filter(({ state }) => state !== 'used');
  return ok({ value, lines: () => value.map(diskLine) });
}

/** Root counts; others see what root has counted last. */
function lookForUnsaved(machine: RunningSystem): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const view = checkView(machine, record.value);
  if (!view.ok) return view;
  if (!needRoot(machine, 'count changes').ok) return lookAsUser(machine, record.value);
  const found = countUnsaved(machine, record.value);
  if (!found.ok) return found;
  return ok({ value: found.value, lines: () => [unsavedText(found.value)] });
}

function lookAsUser(machine: RunningSystem, record: BootRecord): Result<Answer> {
  const known = readFigures(machine);
  if (known !== undefined) return ok({ value: known, lines: () => [unsavedText(known)] });
  const grown = grownBytes(machine, record, measureFileSystem(machine, '/').used);
  const text = 'only root can count changes: sudo mkma status --unsaved';
  const value = { current: false, ...(grown === undefined ? {} : { grown }) };
  const since = grown === undefined ? [] : [`${formatBytes(grown)} written since the last save`];
  return ok({ value, lines: () => [[...since, text].join('; ')] });
}

interface Flags {
  readonly json?: boolean;
  readonly boot?: boolean;
  readonly bar?: boolean;
  readonly missing?: boolean;
  readonly unsaved?: boolean;
}

export const statusCommand = buildCommand<Flags, [], Context>({
  docs: {
    brief: 'show base and layers, storage, boot times and RAM use',
    fullDescription:
      'Show the base and its layers, which layers were left out and why, the storage device, the disks of the definition, the times of the boot, and where the RAM went. Only root sees what changed since boot.',
  },
  parameters: {
    flags: {
      bar: {
        kind: 'boolean',
        brief: 'print RAM in use and unsaved changes on one line, for a bar (waybar-custom(5))',
        withNegated: false,
        optional: true,
      },
      boot: {
        kind: 'boolean',
        brief: 'show only the boot: its phases from the start of the kernel to the handover',
        withNegated: false,
        optional: true,
      },
      missing: {
        kind: 'boolean',
        brief: 'show only the disks of the definition that are not in use, one per line',
        withNegated: false,
        optional: true,
      },
      unsaved: {
        kind: 'boolean',
        brief:
          'show only what mkma persist --all would save, on one line; others than root see what root saw last',
        withNegated: false,
        optional: true,
      },
      json: {
        kind: 'boolean',
        brief: 'print one JSON document on stdout',
        withNegated: false,
        optional: true,
      },
    },
  },
  func(flags) {
    const { json = false, boot = false, bar = false, missing = false, unsaved = false } = flags;
    if ([boot, bar, missing, unsaved].filter(Boolean).length > 1) {
      return new Failed({
        kind: 'usage',
        code: 'exclusive-options',
        what: '--bar, --boot, --missing and --unsaved exclude each other',
        next: 'use only one of them',
      });
    }
    if (unsaved) return show(this, () => lookForUnsaved(this.machine), json);
    const looked = bar ? lookForBar : boot ? lookAtBoot : missing ? lookForMissing : look;
    return show(this, () => looked(this.machine), json);
  },
});
