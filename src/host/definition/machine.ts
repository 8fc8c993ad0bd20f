/** The definition of a machine: one schema, from which types, defaults, messages and the reference come. */
import { z } from 'zod';
import { actions } from './schema/actions.js';
import { boot } from './schema/boot.js';
import { content } from './schema/content.js';
import { software } from './schema/software.js';
import { storage } from './schema/storage.js';
import { hostnameSchema } from './schema/words.js';

export const machineSchema = z
  .strictObject({
    hostname: hostnameSchema.describe("Name of the machine. Default: the building machine's."),
    ...software,
    ...content,
    ...storage,
    ...actions,
    ...boot,
  })
  .describe('A machine.');

export type MachineConfig = z.output<typeof machineSchema>;
export type Kernel = MachineConfig['kernel'];
/** A machine with everything optional: what presets and users write. */
export type MachineInput = Partial<z.input<typeof machineSchema>>;
