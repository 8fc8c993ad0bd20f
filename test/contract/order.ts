/**
 * The order of the folders: which of them imports which. It is the table in ARCHITECTURE.md, read from there. Types count as values do:
 * who needs another's types cannot be understood without it.
 */
import { readSource, type SourceFile, targetOf } from './source.js';

/** A row of the table. */
export interface Row {
  /** Below `src/`: a folder with all in it, a file, or one of `core`, `guest` and `host` for the files that lie directly there. */
  readonly name: string;
  readonly imports: readonly string[];
}

const HEADING = '| folder | imports |';

/** The rows of the table under its heading. */
export function readOrder(markdown: string): Row[] {
  const [, table = ''] = markdown.split(HEADING);
  const [body = ''] = table.trimStart().split('\n\n');
  return body
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, name = '', imports = ''] = line.split('|');
      return { name: wordsOf(name).join(), imports: wordsOf(imports) };
    });
}

function wordsOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

/** What is wrong with the table by itself: a row names only rows below it, so that folders form no circle. */
export function tableFaults(rows: readonly Row[]): string[] {
  return rows.flatMap(({ name, imports }, i) => {
    const below = rows.slice(i + 1).map((row) => row.name);
    return imports
      .filter((word) => !meant(name, word, below).length)
      .map((word) => `${name}: ${word} is no row below it`);
  });
}

/** The rows that a word in the row `name` means: `core` is all of core, but for core itself; others lie beside `name`. */
function meant(name: string, word: string, all: readonly string[]): string[] {
  const [side = ''] = name.split('/');
  if (word === 'core' && side !== 'core') return all.filter((row) => row.split('/')[0] === 'core');
  return all.filter((row) => row === word || row === `${side}/${word}`);
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Imports of files of src by files of src. */
export function edgesOf(files: readonly SourceFile[]): Edge[] {
  return files.flatMap((file) =>
    readSource(file).imports.flatMap((specifier) => {
      const to = targetOf(file.path, specifier);
      return to === undefined ? [] : [{ from: file.path, to }];
    }),
  );
}

/** Imports against the table, files without a row in it, and words in it that nothing needs. */
export function orderViolations(
  rows: readonly Row[],
  paths: readonly string[],
  edges: readonly Edge[],
): string[] {
  const names = rows.map(({ name }) => name);
  const homeless = paths.filter((path) => rowOf(path, names) === undefined);
  const unused = new Map(
    rows.flatMap(({ name, imports }) => imports.map((word) => [`${name}: imports nothing of ${word}`, true])),
  );
  const wrong = edges.filter(({ from, to }) => {
    const [above, below] = [rowOf(from, names), rowOf(to, names)];
    if (above === undefined || below === undefined || above === below) return false;
    const { imports = [] } = rows.find(({ name }) => name === above) ?? {};
    const word = imports.find((one) => meant(above, one, names).includes(below));
    if (word !== undefined) unused.delete(`${above}: imports nothing of ${word}`);
    return word === undefined;
  });
  return [
    ...homeless.map((path) => `${path}: its folder has no row`),
    ...wrong.map(
      ({ from, to }) => `${from}: ${rowOf(from, names)} does not import ${rowOf(to, names)} (${to})`,
    ),
    ...unused.keys(),
  ];
}

/** The row of a file: the longest that it lies in. */
function rowOf(path: string, names: readonly string[]): string | undefined {
  const inside = path.slice('src/'.length);
  const folder = inside.slice(0, inside.lastIndexOf('/'));
  const holds = (name: string): boolean =>
    name === inside || (name.includes('/') ? inside.startsWith(`${name}/`) : folder === name);
  return names.filter(holds).sort((a, b) => b.length - a.length)[0];
}

/**
 * Circles, each as the files that tie it. In every folder, the files and folders that lie directly in it must not import each other in
 * a circle; so neither do files anywhere.
 */
export function circles(edges: readonly Edge[]): string[] {
  const levels = new Map<string, Map<string, Map<string, Edge>>>();
  for (const edge of edges) {
    const [from, to] = [edge.from.split('/'), edge.to.split('/')];
    const depth = from.findIndex((part, i) => part !== to[i]);
    if (depth < 0) continue;
    const level = entry(levels, from.slice(0, depth).join('/'));
    const imports = entry(level, from[depth] as string);
    const name = to[depth] as string;
    if (!imports.has(name)) imports.set(name, edge);
  }
  return [...levels].flatMap(([folder, graph]) => {
    const circle = findCircle(graph);
    if (circle === undefined) return [];
    return [`${folder}/ has a circle: ${circle.map(({ from, to }) => `${from} -> ${to}`).join(', ')}`];
  });
}

function entry<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = map.get(key) ?? new Map<string, T>();
  map.set(key, found);
  return found;
}

/** The first circle of a graph, as its edges. */
function findCircle(graph: ReadonlyMap<string, ReadonlyMap<string, Edge>>): Edge[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, way: readonly { node: string; edge: Edge }[]): Edge[] | undefined => {
    for (const [next, edge] of graph.get(node) ?? []) {
      const further = [...way, { node, edge }];
      const start = further.findIndex((step) => step.node === next);
      if (start >= 0) return further.slice(start).map((step) => step.edge);
      const found = done.has(next) ? undefined : visit(next, further);
      if (found !== undefined) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = done.has(node) ? undefined : visit(node, []);
    if (found !== undefined) return found;
  }
  return undefined;
}
