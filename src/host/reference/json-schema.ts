/** A JSON Schema of definitions in JSON, with which editors complete and check them. Pure. */
import { z } from 'zod';
import { machineSchema } from '../definition/machine.js';
import type { Preset } from '../definition/presets/preset.js';
import { EXTENDABLE } from '../definition/presets/presets.js';

/** Fields whose values require functions. */
const NOT_IN_JSON = ['tests'];

/** The schema, draft 2020-12. */
export function renderJsonSchema(): string {
  const { $schema, description, properties, ...rest } = schemaOf(machineSchema);
  const fields = Object.entries(properties ?? {}).filter(([name]) => !NOT_IN_JSON.includes(name));
  const upon = {
    type: 'array',
    items: { anyOf: [{ type: 'string' }, ...Object.entries(EXTENDABLE).map(presetChoice)] },
    description:
      'What this extends, in order: presets, by name or with options, and paths of other definitions. Default: ["console"], also if only hardware fragments are listed.',
  };
  const schema = {
    $schema,
    title: 'mkma.config.json',
    description,
    ...rest,
    required: [],
    properties: { $schema: { type: 'string' }, extends: upon, ...Object.fromEntries(fields) },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function schemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, zodSchema }) => {
      // JSON has no functions.
      if (zodSchema._zod.def.type === 'custom') Object.assign(jsonSchema, { not: {} });
    },
  });
}

function presetChoice([name, { summary, options }]: readonly [string, Preset]) {
  const { $schema: _, ...chosen } = schemaOf(options);
  const own = Object.keys(options.shape).length === 0 ? {} : { with: chosen };
  return {
    ...{ type: 'object', description: summary, additionalProperties: false, required: ['preset'] },
    properties: { preset: { const: name }, ...own },
  };
}
