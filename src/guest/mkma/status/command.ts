/** `mkma status`: what this machine runs from. */
import { buildCommand } from '@stricli/core';
import { ok } from '../../../core/result.js';
import { readBootRecord } from '../boot-record.js';
import type { Context } from '../program.js';
import { show } from '../session.js';
import { readStatus } from './status.js';
import { statusLines } from './text.js';

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
    const record = readBootRecord(this.machine);
    if (!record.ok) return show(this, record, json);
    const value = readStatus(this.machine, record.value);
    return show(this, ok({ value, lines: (columns) => statusLines(value, columns) }), json);
  },
});
