/** The module "mkma" as types for editors: one self-contained file. Pure. */
import { type Field, numberInWords, type Shape } from '../definition/outline.js';

/** Text of compiled declarations. */
export interface Declarations {
  /** Of definition/define.ts. */
  readonly define: string;
  /** Of definition/functions.ts. */
  readonly functions: string;
}

/** What definitions can extend. */
export interface Parts {
  /** Names of fragments. */
  readonly fragments: readonly string[];
  /** Presets by name, each with its options. */
  readonly presets: Readonly<Record<string, Field>>;
}

/** The declarations. */
export function renderTypes(
  machine: Field,
  { fragments, presets }: Parts,
  declarations: Declarations,
): string {
  if (machine.shape.kind !== 'object') throw new Error('a machine is an object');
  return [
    '/** The module "mkma", as definitions import it. Generated: `mkma new` writes it again. */',
    `export interface MachineInput ${objectType(machine.shape.fields, '')}`,
    presetChoice(presets),
    taken(declarations.functions),
    taken(declarations.define),
    '/** The fields of the built-in presets, to reuse parts of them. */',
    'export declare const presets: Readonly<Record<string, FragmentFields>>;',
    '/** Fragments that presets consist of. */',
    'export declare const fragments: {',
    ...fragments.map((name) => `  readonly ${name}: FragmentFields;`),
    '};',
    '',
  ].join('\n');
}

/** The type of a preset with options: the name determines the options. */
function presetChoice(presets: Parts['presets']): string {
  const one = ([name, { shape, description }]: readonly [string, Field]): string => {
    if (shape.kind !== 'object') throw new Error('options of a preset are an object');
    const options =
      Object.keys(shape.fields).length === 0 ? '' : `; readonly with?: ${objectType(shape.fields, '  ')}`;
    return `  /** ${description} */\n  | { readonly preset: ${JSON.stringify(name)}${options} }`;
  };
  return `/** A preset with options. */\nexport type PresetChoice =\n${Object.entries(presets).map(one).join('\n')};`;
}

/**
 * Declarations without imports, whose names are in the same file, and without functions that only mkma calls.
 */
function taken(text: string): string {
  return text
    .replace(
      /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export declare function (isDefinition|definitionOf)\(.*\n/g,
      '',
    )
    .replace(/^import .*\n/gm, '')
    .replace(/^\/\/# .*\n?/gm, '')
    .replace(/^export \{\};\n/gm, '')
    .trim();
}

function objectType(fields: Readonly<Record<string, Field>>, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(fields).flatMap(([name, field]) => [
    ...comment(field, inner),
    `${inner}readonly ${name}${field.optional ? '?' : ''}: ${typeOf(field.shape, inner)};`,
  ]);
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function comment({ shape, description, default: value }: Field, indent: string): string[] {
  const inner = shape.kind === 'list' ? shape.item.shape : shape;
  const range =
    inner.kind === 'number' ? [`${inner === shape ? 'It is' : 'Each is'} ${numberInWords(inner)}.`] : [];
  const words = [
    description,
    ...range,
    ...(isWorthTelling(value) ? [`Default: ${JSON.stringify(value)}.`] : []),
  ];
  const text = words.filter((word) => word !== '').join(' ');
  return text === '' ? [] : [`${indent}/** ${text.replaceAll('*/', '* /')} */`];
}

/** Whether a default is worth showing: an empty list or object is not. */
export function isWorthTelling(value: unknown): boolean {
  return value !== undefined && !['[]', '{}'].includes(JSON.stringify(value));
}

function typeOf(shape: Shape, indent: string): string {
  switch (shape.kind) {
    case 'text':
      return 'string';
    case 'words':
      return shape.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'function':
      return shape.type;
    case 'list':
      return `readonly ${grouped(shape.item.shape, indent)}[]`;
    case 'named':
      return `{ readonly [name: string]: ${typeOf(shape.value.shape, indent)} }`;
    case 'object':
      return objectType(shape.fields, indent);
    case 'choice':
      return shape.of.map((one) => typeOf(one, indent)).join(' | ');
    default:
      return shape.kind;
  }
}

function grouped(shape: Shape, indent: string): string {
  const text = typeOf(shape, indent);
  return shape.kind === 'choice' || shape.kind === 'words' ? `(${text})` : text;
}
