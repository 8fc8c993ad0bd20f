/** What a machine saves of its changes, and what not. */
import { z } from 'zod';
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
