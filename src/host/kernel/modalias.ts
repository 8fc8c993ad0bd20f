/** Which modules match a device's modalias, from modules.alias (modules.alias(5) of kmod). Pure. */
import { moduleName } from './modules.js';

interface AliasPattern {
  /** What every matching modalias begins with. */
  readonly start: string;
  readonly pattern: RegExp;
  readonly module: string;
}

/** Aliases by the bus they begin with. */
export type AliasIndex = ReadonlyMap<string, readonly AliasPattern[]>;

/** Special characters of fnmatch(3), which modprobe(8) uses. */
const SPECIAL = /[*?[]/;

/** The index of a text of modules.alias. */
export function parseAliases(text: string): AliasIndex {
  const index = new Map<string, AliasPattern[]>();
  for (const line of text.split('\n')) {
    const [keyword, alias, module] = line.split(' ');
    if (keyword !== 'alias' || alias === undefined || module === undefined) continue;
    const start = alias.slice(0, alias.search(SPECIAL) < 0 ? alias.length : alias.search(SPECIAL));
    const bus = busOf(start);
    const patterns = index.get(bus) ?? [];
    patterns.push({ start, pattern: patternOf(alias), module: moduleName(module) });
    index.set(bus, patterns);
  }
  return index;
}

/** Names of the matching modules, each once, in the order of the index. */
export function modulesFor(index: AliasIndex, modalias: string): string[] {
  const fitting = (index.get(busOf(modalias)) ?? []).filter(
    ({ start, pattern }) => modalias.startsWith(start) && pattern.test(modalias),
  );
  return [...new Set(fitting.map(({ module }) => module))];
}

/** A modalias is `BUS:...`; patterns of a few buses have a `*` before the colon (`acpi*:`, `dmi*:`). */
function busOf(alias: string): string {
  return alias.split(':')[0] as string;
}

/** fnmatch(3) without flags: bracket expressions are the same in both. */
function patternOf(alias: string): RegExp {
  const text = alias
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`);
}
