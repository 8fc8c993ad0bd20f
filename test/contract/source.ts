/** What a source file imports and names, out of its syntax tree: neither comments nor strings count. */
import { parse } from '@babel/parser';
import type { Expression, Node } from '@babel/types';

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Source {
  readonly path: string;
  /** Modules as they are written, whether for values or for types: `import`, `export from`, `import()`, `import()` types. */
  readonly imports: readonly string[];
  /** Names that are used, and chains of them: `process`, `process.env`, `process.env.HOME`; `new Date()`. */
  readonly names: ReadonlySet<string>;
  /** Whether a whole tree is removed by a call of Node.js's. */
  readonly removesTrees: boolean;
}

export function readSource({ path, text }: SourceFile): Source {
  const dts = path.endsWith('.d.ts');
  // Of an ambient module it would refuse names that come later.
  const { program } = parse(text, {
    sourceType: 'module',
    errorRecovery: dts,
    plugins: [['typescript', { dts }]],
  });
  const imports: string[] = [];
  const names = new Set<string>();
  let removesTrees = false;
  walk(program, (node) => {
    const specifier = importOf(node);
    if (specifier !== undefined) imports.push(specifier);
    const name = nameOf(node);
    if (name !== undefined) names.add(name);
    removesTrees ||= isRemoval(node);
  });
  return { path, imports, names, removesTrees };
}

/** The module that a node imports. */
function importOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source?.value;
    case 'TSImportType':
      return textOf(node.argument);
    case 'TSImportEqualsDeclaration':
      return node.moduleReference.type === 'TSExternalModuleReference'
        ? node.moduleReference.expression.value
        : undefined;
    case 'ImportExpression':
      return textOf(node.source);
    case 'CallExpression':
      return node.callee.type === 'Import' ? textOf(node.arguments[0]) : undefined;
    default:
      return undefined;
  }
}

function textOf(node: Node | undefined): string | undefined {
  if (node?.type === 'TSLiteralType') return textOf(node.literal);
  return node?.type === 'StringLiteral' ? node.value : undefined;
}

function nameOf(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'NewExpression' && node.arguments.length === 0) {
    const made = nameOf(node.callee);
    return made === undefined ? undefined : `new ${made}()`;
  }
  if (node.type !== 'MemberExpression' && node.type !== 'OptionalMemberExpression') return undefined;
  const [object, member] = [nameOf(node.object), memberOf(node.property, node.computed)];
  return object === undefined || member === undefined ? undefined : `${object}.${member}`;
}

function memberOf(property: Expression | Node, computed: boolean): string | undefined {
  if (computed) return textOf(property);
  return property.type === 'Identifier' ? property.name : undefined;
}

const REMOVAL = /(^|\.)(rm|rmSync|rmdir|rmdirSync)$/;

function isRemoval(node: Node): boolean {
  if (node.type !== 'CallExpression') return false;
  const called = nameOf(node.callee) ?? '';
  if (called === 'rimraf') return true;
  return REMOVAL.test(called) && node.arguments.some(isRecursive);
}

function isRecursive(options: Node): boolean {
  return (
    options.type === 'ObjectExpression' &&
    options.properties.some(
      (property) => property.type === 'ObjectProperty' && memberOf(property.key, false) === 'recursive',
    )
  );
}

/** Parts of a node that name a member of something, and nothing by themselves. */
const MEMBERS: readonly string[] = ['property', 'key'];

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  const computed = 'computed' in node && node.computed === true;
  for (const [part, value] of Object.entries(node)) {
    if (MEMBERS.includes(part) && !computed && isNode(value) && value.type === 'Identifier') continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The file of src that a relative import leads to; `undefined`: it is a package's or the engine's. */
export function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}
