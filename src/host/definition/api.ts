/** The module "mkma", as definition files import it. */
import { PRESETS } from './presets.js';

export { type Definition, defineMachine, type Fragment, type FragmentFields, replace } from './define.js';
export * as fragments from './fragments.js';
export type { Guest, GuestOptions, GuestOutcome, HookContext } from './functions.js';

/** The machines that mkma brings along, to be taken apart. */
export const presets = PRESETS;
