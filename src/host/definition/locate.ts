/** Finds the line of a value in a definition file. */
import { readFileSync } from 'node:fs';
import { parse, parseExpression } from '@babel/parser';
import type { CallExpression, Expression, Node } from '@babel/types';
import type { SourcePlace } from './define.js';
import type { Path } from './merge.js';

/**
 * The line of the value at `path` in the argument of the call at `place`, or of the nearest value around it
 * in that file. If the file cannot be parsed, the line of the call.
 */
export function lineOf(place: SourcePlace, path: Path): number {
  try {
    const found = argumentAt(place);
    return found === undefined ? place.line : walk(found, path, place.line);
  } catch {
    return place.line;
  }
}

function argumentAt({ file, line }: SourcePlace): Node | undefined {
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.json')) return parseExpression(text);
  const calls = callsIn(parse(text, { sourceType: 'module', plugins: ['typescript'] }).program);
  const around = calls.filter(({ loc }) => loc && loc.start.line <= line && line <= loc.end.line);
  return (around.at(-1) ?? calls[0])?.arguments[0];
}

/** Calls of defineMachine, outer ones first. */
function callsIn(node: Node): CallExpression[] {
  const found: CallExpression[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) look(item);
      return;
    }
    if (typeof value !== 'object' || value === null || !('type' in value)) return;
    const own = value as Node;
    if (
      own.type === 'CallExpression' &&
      own.callee.type === 'Identifier' &&
      own.callee.name === 'defineMachine'
    ) {
      found.push(own);
    }
    for (const [key, child] of Object.entries(own)) if (key !== 'loc') look(child);
  };
  look(node);
  return found;
}

function walk(from: Node, path: Path, line: number): number {
  const node = bare(from);
  const here = node.loc?.start.line ?? line;
  const [first, ...rest] = path;
  if (first === undefined) return here;
  if (node.type === 'ArrayExpression') {
    const item = node.elements[Number(first)];
    return item ? walk(item, rest, here) : line;
  }
  if (node.type !== 'ObjectExpression') return line;
  for (const property of node.properties) {
    if (property.type === 'SpreadElement' || property.computed) continue;
    const { key } = property;
    const name = key.type === 'Identifier' ? key.name : key.type === 'StringLiteral' ? key.value : undefined;
    if (name !== String(first)) continue;
    const at = key.loc?.start.line ?? here;
    return property.type === 'ObjectProperty' && rest.length > 0
      ? walk(property.value as Node, rest, at)
      : at;
  }
  return line;
}

/** An expression without what only the compiler sees, and without the call of `replace`. */
function bare(node: Node): Node {
  if (node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression') return bare(node.expression);
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'replace') {
    const [first] = node.arguments as Expression[];
    return first === undefined ? node : bare(first);
  }
  return node;
}
