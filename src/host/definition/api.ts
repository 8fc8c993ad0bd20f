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

/** The fields of the built-in presets with their default options, to reuse parts of them. */
export const presets: Readonly<Record<string, FragmentFields>> = Object.fromEntries(
  Object.entries(PRESETS).map(([name, { of }]) => [name, of({}).fields]),
);
