/** `mkma status`: what this machine runs from. */
import { buildCommand } from '@stricli/core';
import { ok, type Result } from '../../../core/result.js';
import type { Machine } from '../../machine.js';
import { readBootRecord } from '../boot-record.js';
import type { Context } from '../program.js';
import { type Answer, show } from '../session.js';
import { readStatus } from './status.js';
import { statusLines } from './text.js';

function look(machine: Machine): Result<Answer> {
  const record = readBootRecord(machine);
  if (!record.ok) return record;
  const value = readStatus(machine, record.value);
  return ok({ value, lines: (columns) => statusLines(value, columns) });
}

export const statusCommand = buildCommand<{ json?: boolean }, [], Context>({
  docs: {
    brief: 'what this machine runs from: images, storage, times, RAM',
    fullDescription:
      'Tell what this machine runs from: the base and the layers on it, what was left out and why, the storage they came from, the times of the boot, and where the RAM went. What changed since boot is for root alone to see.',
  },
  parameters: {
    flags: {
      json: { kind: 'boolean', brief: 'one JSON document on stdout', withNegated: false, optional: true },
    },
  },
  func(flags) {
    const { json = false } = flags;
    return show(this, () => look(this.machine), json);
  },
});
