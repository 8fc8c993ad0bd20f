/** The module "mkma", as definition files import it. */
import type { FragmentFields } from './define.js';
import { PRESETS } from './presets/presets.js';

export { type Definition, defineMachine, type Fragment, type FragmentFields, replace } from './define.js';
export type {
  CommandOptions,
  Guest,
  GuestOptions,
  GuestOutcome,
  HookContext,
  Screenshot,
  Sound,
  Window,
  WindowChoice,
} from './functions.js';
export type { MachineInput } from './machine.js';
export * as fragments from './presets/fragments.js';

/** The machines that mkma brings along, to be taken apart: as they are where nothing is chosen. */
export const presets: Readonly<Record<string, FragmentFields>> = Object.fromEntries(
  Object.entries(PRESETS).map(([name, { of }]) => [name, of({}).fields]),
);
