/** Finds code that decides by the words of a problem, where its code is there for that. Pure. */
import { parse } from '@babel/parser';

interface Node {
  readonly type: string;
  readonly loc?: { readonly start: { readonly line: number } } | null;
  readonly [key: string]: unknown;
}

/** The fields of a problem that are words. */
const WORDS = ['what', 'why', 'next'];
/** Methods that look into the text that they are given, and those of a text that look into it. */
const LOOKS = {
  at: ['test', 'exec'],
  into: ['match', 'matchAll', 'replace', 'includes', 'startsWith', 'endsWith'],
};

/** The lines of a source that do. */
export function readsWords(text: string): number[] {
  const ast = parse(text, {
    sourceType: 'module',
    errorRecovery: true,
    allowReturnOutsideFunction: true,
    plugins: ['typescript', 'explicitResourceManagement'],
  });
  const lines: number[] = [];
  walk(ast.program as unknown as Node, (node) => {
    if (decides(node)) lines.push(node.loc?.start.line ?? 0);
  });
  return lines;
}

function decides(node: Node): boolean {
  switch (node.type) {
    case 'BinaryExpression': {
      const sides = [node.left, node.right] as Node[];
      return /^[!=]==?$/.test(node.operator as string) && sides.some(isWords) && !sides.some(isNothing);
    }
    case 'SwitchStatement':
      return isWords(node.discriminant as Node);
    case 'CallExpression':
    case 'OptionalCallExpression': {
      const callee = node.callee as Node;
      const method = (callee.property as Node | undefined)?.name as string | undefined;
      if (method === undefined) return false;
      if (LOOKS.at.includes(method)) return (node.arguments as Node[]).some(isWords);
      return LOOKS.into.includes(method) && isWords(callee.object as Node);
    }
    default:
      return false;
  }
}

/** `what`, `problem.what`, `problem.what ?? ''`. */
function isWords(node: Node): boolean {
  if (node.type === 'Identifier') return WORDS.includes(node.name as string);
  if (/MemberExpression$/.test(node.type)) return isWords(node.property as Node);
  return node.type === 'LogicalExpression' && isWords(node.left as Node);
}

function isNothing(node: Node): boolean {
  return node.type === 'NullLiteral' || (node.type === 'Identifier' && node.name === 'undefined');
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && typeof (child as Node).type === 'string')
        walk(child as Node, visit);
    }
  }
}
