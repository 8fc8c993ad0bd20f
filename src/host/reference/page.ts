/** The page of all fields, as Markdown. Pure. */
import { type Field, numberInWords, type Shape } from '../definition/outline.js';
import { isWorthTelling } from './types.js';

/** The page. */
export function renderPage(machine: Field, presets: Readonly<Record<string, Field>>): string {
  if (machine.shape.kind !== 'object') throw new Error('a machine is an object');
  const fields = Object.entries(machine.shape.fields);
  return [
    '# All fields of a definition',
    '',
    '<!-- Generated from the schema: npm run reference -->',
    '',
    '[Definitions](../definition.md) shows how definitions are composed. All fields are optional. The additional field `extends` names the presets and definitions on which a definition is based.',
    '',
    `${fields.map(([name]) => `[\`${name}\`](#${name.toLowerCase()})`).join(' · ')}`,
    '',
    ...fields.flatMap(([name, field]) => [`## ${name}`, '', ...section(field), '']),
    ...Object.entries(presets).flatMap(([name, field]) => presetSection(name, field)),
  ].join('\n');
}

/** The options of a preset, if it has any. */
function presetSection(name: string, { shape, description }: Field): string[] {
  const table = rows(shape);
  if (table.length === 0) return [];
  const heading = `## Options of the preset ${name}`;
  return [
    heading,
    '',
    `*\`extends: [{ preset: '${name}', with: { ... } }]\`.* ${upper(description)}.`,
    ...table,
    '',
  ];
}

function section(field: Field): string[] {
  return [sentence(field), ...rows(field.shape)];
}

function sentence(field: Field): string {
  const { description, default: value } = field;
  const kind = kindOf(field.shape);
  const fallback = isWorthTelling(value) ? ` Default: \`${JSON.stringify(value)}\`.` : '';
  return `*${kind}.* ${description}${fallback}`;
}

/** The form of a value, in words. */
function kindOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'String';
    case 'number':
      return upper(withoutArticle(numberInWords(shape)));
    case 'boolean':
      return '`true` or `false`';
    case 'words':
      return shape.values.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
    case 'function':
      return 'Function';
    case 'list':
      return `List of ${pluralOf(shape.item.shape)}`;
    case 'named':
      return `Map of names to ${pluralOf(shape.value.shape)}`;
    case 'object': {
      const names = Object.entries(shape.fields).map(([name, { optional }]) =>
        optional ? `${name}?` : name,
      );
      return `\`{ ${names.join(', ')} }\``;
    }
    case 'choice':
      return shape.of.map((one, i) => (i === 0 ? kindOf(one) : lower(kindOf(one)))).join(', or ');
  }
}

/** The form of several values: `strings`. */
function pluralOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'strings';
    case 'number':
      return withoutArticle(numberInWords(shape)).replace(/^\w+/, '$&s');
    case 'choice':
      return shape.of.map(pluralOf).join(', or ');
    default:
      return lower(kindOf(shape));
  }
}

function withoutArticle(text: string): string {
  return text.replace(/^an? /, '');
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A table of nested keys, of all alternatives; one for each if a word distinguishes them. */
function rows(shape: Shape): string[] {
  const words = variants(shape);
  if (words !== undefined) {
    return words.flatMap(({ key, word, fields }) => [
      ...['', `With \`${key}: '${word}'\`:`],
      ...tableOf(keysOf({ kind: 'object', fields }, '')),
    ]);
  }
  return tableOf(keysOf(shape, ''));
}

interface Variant {
  readonly key: string;
  readonly word: string;
  /** The other fields. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** Alternatives that are all objects whose first field is one word; `undefined`: other shapes. */
function variants(shape: Shape): readonly Variant[] | undefined {
  if (shape.kind !== 'choice') return undefined;
  const found = shape.of.flatMap((one): Variant[] => {
    const [first, ...others] = one.kind === 'object' ? Object.entries(one.fields) : [];
    if (first === undefined || first[1].shape.kind !== 'words') return [];
    const [word, ...more] = first[1].shape.values;
    if (typeof word !== 'string' || more.length > 0) return [];
    return [{ key: first[0], word, fields: Object.fromEntries(others) }];
  });
  return found.length === shape.of.length ? found : undefined;
}

function tableOf(keys: readonly (readonly [string, Field])[]): string[] {
  if (keys.length === 0) return [];
  const lines = keys.map(([name, field]) => {
    const { description, default: value } = field;
    const fallback = isWorthTelling(value) ? ` Default: \`${JSON.stringify(value)}\`.` : '';
    const cells = [
      `\`${name}\`${field.optional ? '' : ' (required)'}`,
      kindOf(field.shape),
      `${description}${fallback}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  });
  return ['', '| key | value | meaning |', '|---|---|---|', ...new Set(lines)];
}

function keysOf(shape: Shape, prefix: string): (readonly [string, Field])[] {
  switch (shape.kind) {
    case 'object':
      return Object.entries(shape.fields).flatMap(([name, field]) => [
        [prefix + name, field] as const,
        ...keysOf(field.shape, `${prefix}${name}.`),
      ]);
    case 'list':
      return keysOf(shape.item.shape, prefix);
    case 'named':
      return keysOf(shape.value.shape, prefix);
    case 'choice':
      return shape.of.flatMap((one) => keysOf(one, prefix));
    default:
      return [];
  }
}
