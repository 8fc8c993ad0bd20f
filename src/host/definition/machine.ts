/** The schema of a machine: the source of types, defaults, messages and the reference. */
import { z } from 'zod';
import { actions } from './schema/actions.js';
import { boot } from './schema/boot.js';
import { content } from './schema/content.js';
import { persist } from './schema/persist.js';
import { software } from './schema/software.js';
import { storage } from './schema/storage.js';
import { hostnameSchema } from './schema/words.js';

export const machineSchema = z
  .strictObject({
    hostname: hostnameSchema.describe('Hostname of the machine. Default: that of the building host.'),
    ...software,
    ...content,
    ...storage,
    ...persist,
    ...actions,
    ...boot,
  })
  .describe('A machine.');

export type MachineConfig = z.output<typeof machineSchema>;
export type Kernel = MachineConfig['kernel'];
/** A machine whose fields are all optional, as presets and users write it. */
export type MachineInput = Partial<z.input<typeof machineSchema>>;
