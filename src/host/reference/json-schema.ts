/** A JSON Schema of definitions in JSON: editors complete and check by it. Pure. */
import { z } from 'zod';
import { machineSchema } from '../definition/machine.js';

/** Fields that only functions can fill, or that make no sense without. */
const NOT_IN_JSON = ['tests'];

/** The schema, draft 2020-12. */
export function renderJsonSchema(): string {
  const { $schema, description, properties, ...rest } = z.toJSONSchema(machineSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, zodSchema }) => {
      // A function: nothing in JSON is one.
      if (zodSchema._zod.def.type === 'custom') Object.assign(jsonSchema, { not: {} });
    },
  });
  const fields = Object.entries(properties ?? {}).filter(([name]) => !NOT_IN_JSON.includes(name));
  const upon = {
    type: 'array',
    items: { type: 'string' },
    description:
      'What this builds upon, in order: names of presets, and paths of other definitions. Default: ["console"].',
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
