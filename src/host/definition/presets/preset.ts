/** What a preset is: fields of a machine, and what can be chosen of them. */
import { z } from 'zod';
import type { FragmentFields } from '../define.js';
import type { Fault } from '../fault.js';
import type { MachineConfig, MachineInput } from '../machine.js';

/** A machine that mkma brings along. */
export interface Preset {
  /** In a few words, for whoever is asked which one. */
  readonly summary: string;
  /** What `with` may hold. */
  readonly options: z.ZodObject;
  /** What such options come to; throws where the schema refuses them. */
  readonly of: (options: unknown) => PresetMachine;
}

/** What a preset makes of its options. */
export interface PresetMachine {
  /** All of its options, those that nobody has said too. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly fields: FragmentFields;
  /** Options that do not go together, by their paths. */
  readonly faults: readonly Fault[];
  /** What follows from the whole machine, once everything is said: it comes on top of that. */
  readonly finish: (machine: MachineInput) => FragmentFields;
  /** What does not go together with what else is said of the machine. */
  readonly check: (machine: MachineConfig) => readonly Fault[];
  /** Options that do not go together with it, by their paths. */
  readonly checkOptions?: (machine: MachineConfig) => readonly Fault[];
}

/** A preset without options. */
export function plainPreset(summary: string, fields: FragmentFields): Preset {
  return {
    ...{ summary, options: z.strictObject({}) },
    of: () => ({ options: {}, fields, faults: [], finish: () => ({}), check: () => [] }),
  };
}

/** A preset with options of this schema. */
export function presetOf<T extends z.ZodObject>(
  summary: string,
  options: T,
  of: (options: z.output<T>) => PresetMachine,
): Preset {
  return { summary, options, of: (given) => of(options.parse(given)) };
}
