/** What a machine saves of its changes, and what not. */
import { z } from 'zod';
import { AUTO_TYPES, type AutoSettings, autoSettingName } from '../../../core/auto/settings.js';
import { BINDINGS } from '../../../core/identity/mark.js';
import { parsePattern } from '../../../core/rules/pattern.js';
import { parseBytes } from '../../../core/text/size.js';

/** A pattern as in a file of rules, which has one on a line of its own. */
const pattern = z.string().superRefine((text, context) => {
  const wrong = wrongLine(text);
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: `is no pattern: ${wrong}` });
});

function wrongLine(text: string): string | undefined {
  const found = parsePattern(text);
  if ('wrong' in found) return found.wrong;
  if (text.trim() !== text) return 'put a backslash before a blank at its beginning or end';
  return /^\[.*\]$/.test(text) ? 'put **/ before brackets' : undefined;
}

const patterns = z.array(pattern).default([]);

const amount = z
  .string()
  .refine((text) => parseBytes(text) !== undefined, 'must be a number of bytes, such as "200M" or "2G"')
  .optional();

/** A setting as a file of rules has it in its section [auto]. */
function setting(key: keyof AutoSettings) {
  const type = AUTO_TYPES[autoSettingName(key)];
  return z
    .string()
    .refine((text) => type?.parse(text) !== undefined, `must be ${type?.words}`)
    .optional();
}

const count = z.int().min(1).max(99).optional();

const automatic = z
  .strictObject({
    every: setting('every').describe('Least time between two saves, such as "30min". Default: "1h".'),
    leastChange: setting('leastChange').describe('Less than this is saved at shutdown only, such as "1M".'),
    mostChange: setting('mostChange').describe('More than this is never saved by itself. Default: "1G".'),
    freeRam: setting('freeRam').describe('RAM that must be available. Default: "5%".'),
    freeRoom: setting('freeRoom').describe('Room that must be free on the medium. Default: "5%".'),
    mainsOnly: z
      .boolean()
      .optional()
      .describe('Whether not to save on battery, but at shutdown. Default: false.'),
    shutdownLimit: setting('shutdownLimit').describe('Time after which shutdown goes on. Default: "60s".'),
    maxFreeze: setting('maxFreeze').describe(
      'Most time for which programs that write files stand still, such as "0.5s"; "0": never. Default: "3s".',
    ),
    merge: z.boolean().optional().describe('Whether automatic layers are merged as they age. Default: true.'),
    keepRecent: count.describe('Layers of the last 24 hours that are kept apart. Default: 12.'),
    keepDaily: count.describe('Days before them of which one layer each is kept. Default: 7.'),
    keepWeekly: count.describe('Weeks before them of which one layer each is kept. Default: 4.'),
  })
  .describe('Settings of saving by itself.');

export const persist = {
  persist: z
    .strictObject({
      rules: z
        .strictObject({
          keep: patterns.describe('What is saved, overruling drop and the shipped rules.'),
          drop: patterns.describe('What is not saved.'),
        })
        .prefault({})
        .describe(
          'Patterns of gitignore(5), relative to /, and class:NAME, package:NAME, account:NAME, as in a file of rules (see Persistence). Rules in /etc/mkma/persist.rules of the machine overrule them.',
        ),
      limits: z
        .strictObject({
          largestFile: amount.describe('Files that are larger are not saved unless keep names them.'),
          largestLayer: amount.describe(
            'Of changes that are larger together, the largest are not saved unless keep names them.',
          ),
        })
        .prefault({})
        .describe('Limits of what is saved, in bytes: "200M", "2G".'),
      auto: z
        .union([z.boolean(), automatic])
        .default(false)
        .describe(
          'Whether the machine saves by itself, from time to time and at shutdown; settings of that.',
        ),
      identity: z
        .enum(BINDINGS)
        .default('machine')
        .describe(
          'To what the identity that mkma persist --identity saves belongs (machine-id, ssh host keys and the like). machine: to the hardware; on another machine it is not applied. medium: to the medium, wherever it boots.',
        ),
    })
    .prefault({})
    .describe('What mkma persist saves on the machine, and what it leaves.'),
};
