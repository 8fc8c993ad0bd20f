/** The schema as plain data: the source of the reference, the types for editors, and messages. Pure. */
import { z } from 'zod';
import type { Path } from './merge.js';

/** The form of a value. */
export type Shape =
  | { readonly kind: 'text' | 'boolean' }
  /** From `least` to `most`, if it has such limits. */
  | { readonly kind: 'number'; readonly whole: boolean; readonly least?: number; readonly most?: number }
  /** A function of this type (functions.ts). */
  | { readonly kind: 'function'; readonly type: string }
  /** One of these words or values. */
  | { readonly kind: 'words'; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'list'; readonly item: Field }
  /** Values by names that the definition chooses. */
  | { readonly kind: 'named'; readonly value: Field }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Field>> }
  | { readonly kind: 'choice'; readonly of: readonly Shape[] };

/** A field: its form, meaning and default. */
export interface Field {
  readonly shape: Shape;
  readonly description: string;
  readonly optional: boolean;
  readonly default?: unknown;
}

type Def = z.core.$ZodTypeDef & Readonly<Record<string, unknown>>;

/** The outline of a schema. */
export function outline(schema: z.core.$ZodType): Field {
  const def = schema._zod.def as Def;
  const description = (schema as { description?: string }).description;
  switch (def.type) {
    case 'optional':
      return { ...named(outline(def.innerType as z.core.$ZodType), description), optional: true };
    case 'default':
    case 'prefault': {
      const inner = named(outline(def.innerType as z.core.$ZodType), description);
      return { ...inner, optional: true, ...(def.type === 'default' ? { default: def.defaultValue } : {}) };
    }
    default:
      return { shape: shapeOf(schema, def), description: description ?? '', optional: false };
  }
}

function named(field: Field, description: string | undefined): Field {
  return description === undefined ? field : { ...field, description };
}

function shapeOf(schema: z.core.$ZodType, def: Def): Shape {
  switch (def.type) {
    case 'string':
      return { kind: 'text' };
    case 'boolean':
      return { kind: 'boolean' };
    case 'number': {
      const { minValue, maxValue, isInt } = schema as z.ZodNumber;
      // zod limits whole numbers to safe integers, which is no limit of the field.
      const set = (limit: number | null): limit is number =>
        limit !== null && Math.abs(limit) < Number.MAX_SAFE_INTEGER;
      return {
        kind: 'number',
        whole: isInt,
        ...(set(minValue) ? { least: minValue } : {}),
        ...(set(maxValue) ? { most: maxValue } : {}),
      };
    }
    case 'enum':
      return { kind: 'words', values: Object.values(def.entries as Record<string, string>) };
    case 'literal':
      return { kind: 'words', values: def.values as (string | number | boolean)[] };
    case 'custom':
      return { kind: 'function', type: String(z.globalRegistry.get(schema)?.type) };
    case 'array':
      return { kind: 'list', item: outline(def.element as z.core.$ZodType) };
    case 'record':
      return { kind: 'named', value: outline(def.valueType as z.core.$ZodType) };
    case 'union':
      return {
        kind: 'choice',
        of: (def.options as z.core.$ZodType[]).map((option) => outline(option).shape),
      };
    case 'object': {
      const { shape } = schema as unknown as { shape: Record<string, z.core.$ZodType> };
      return {
        kind: 'object',
        fields: Object.fromEntries(Object.entries(shape).map(([key, one]) => [key, outline(one)])),
      };
    }
    default:
      throw new Error(`a schema of type ${def.type} has no outline`);
  }
}

/** A number in words, such as "an integer from 1 to 19". */
export function numberInWords({ whole, least, most }: Extract<Shape, { kind: 'number' }>): string {
  const kind = whole ? 'an integer' : 'a number';
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  if (least !== undefined) return `${kind}, at least ${least}`;
  return most === undefined ? kind : `${kind}, at most ${most}`;
}

/** The names that an object at a path can have; none if its names are free, or it is not an object. */
export function keysAt(shape: Shape, path: Path): readonly string[] {
  const [first, ...rest] = path;
  switch (shape.kind) {
    case 'object': {
      if (first === undefined) return Object.keys(shape.fields);
      const field = shape.fields[first];
      return field === undefined ? [] : keysAt(field.shape, rest);
    }
    case 'named':
      return first === undefined ? [] : keysAt(shape.value.shape, rest);
    case 'list':
      return first === undefined ? [] : keysAt(shape.item.shape, rest);
    case 'choice':
      return [...new Set(shape.of.flatMap((one) => keysAt(one, path)))];
    default:
      return [];
  }
}
