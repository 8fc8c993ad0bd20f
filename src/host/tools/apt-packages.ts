/** Explains apt's errors about packages that cannot be installed, in the user's terms. Pure. */
import type { Problem } from '../../core/result.js';

/** What was requested, as far as it explains the error. */
export interface Asked {
  readonly suite: string;
  readonly components: readonly string[];
  /** Entries in apt's syntax. */
  readonly packages: readonly string[];
  /** Fields of the definition that request packages, by the package's name. */
  readonly fields?: ReadonlyMap<string, readonly (string | number)[]> | undefined;
  /** What to do about packages that no Debian suite has, by name. */
  readonly elsewhere?: Readonly<Record<string, string>> | undefined;
}

type Explained = Omit<Problem, 'what'> & { readonly what?: string };

/** The problem with the packages in apt's output; `undefined`: it is about something else. */
export function explainPackages(output: string, asked: Asked): Explained | undefined {
  for (const explain of [notFound, noSuchVersion, scriptFailed, conflict]) {
    const found = explain(output, asked);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The field that requests a package, if any. */
function fieldOf({ fields }: Asked, ...names: readonly string[]): Pick<Problem, 'field'> {
  const field = names.map((name) => fields?.get(bare(name))).find((one) => one !== undefined);
  return field === undefined ? {} : { field };
}

/** A package's name without architecture, version and suite. */
function bare(entry: string): string {
  return entry.replace(/[:=/].*$/, '');
}

function notFound(output: string, asked: Asked): Explained | undefined {
  const match =
    /^E: (?:Unable to locate package (\S+)|Package '?([a-z0-9+.:-]+)'? has no installation candidate)/m.exec(
      output,
    );
  if (match === null) return undefined;
  const name = match[1] ?? match[2] ?? '';
  const { suite, components } = asked;
  const foreign = name.includes(':') ? `, or none for ${name.replace(/^.*:/, '')}` : '';
  return {
    code: 'no-such-package',
    where: `package ${name}`,
    why: `no such package in ${suite} (${components.join(', ')})${foreign}`,
    next: asked.elsewhere?.[bare(name)] ?? 'check its name and the components',
    ...fieldOf(asked, name),
  };
}

function noSuchVersion(output: string, asked: Asked): Explained | undefined {
  const match = /^E: (Version|Release) '([^']+)' for '([^']+)' was not found/m.exec(output);
  if (match === null) return undefined;
  const [, kind, wanted = '', name = ''] = match;
  const [why, next] =
    kind === 'Version'
      ? [`${asked.suite} has no version ${wanted} of it`, 'remove the version, or name an available one']
      : [
          `no package source of the machine has the suite ${wanted}`,
          'remove the suite, or add a repository that has it (repositories)',
        ];
  return { code: 'no-such-version', where: `package ${name}`, why, next, ...fieldOf(asked, name) };
}

/** Lines of a package's scripts that are shown. */
const LAST_LINES = 6;

/** dpkg could not install a package, as a rule since a script of it failed (dpkg's src/main/errors.c). */
function scriptFailed(output: string, asked: Asked): Explained | undefined {
  const match = /^dpkg: error processing (?:package|archive) (\S+) \(--\S+\):\n (.+)$/m.exec(output);
  if (match === null) return undefined;
  const [, name = '', reason = ''] = match;
  const before = output.slice(0, match.index).trimEnd().split('\n').slice(-LAST_LINES);
  return {
    code: 'package-not-installed',
    what: 'a package cannot be installed',
    where: `package ${bare(name.replace(/^.*\//, ''))}`,
    why: [reason.trim(), ...before].join('\n'),
    next: 'mkma build --debug-shell opens a shell in the tree at that point',
    ...fieldOf(asked, name),
  };
}

/** A conflict of two packages in apt's words: `other` may be a virtual package. */
interface Conflict {
  readonly name: string;
  readonly relation: 'Conflicts' | 'Breaks';
  readonly other: string;
}

/** apt's lines of unmet dependencies, and its wording of conflicts. */
function parseUnmet(output: string): { lines: string[]; conflicts: Conflict[] } {
  const lines: string[] = [];
  const conflicts: Conflict[] = [];
  let name = '';
  for (const line of output.split('\n')) {
    const match = /^ (?:(\S+) :| +) ?((?:Pre)?-?Depends|Conflicts|Breaks): (\S+)/i.exec(line);
    if (match === null) continue;
    name = match[1] ?? name;
    lines.push(`${name}: ${line.replace(/^ (\S+ :| +) ?/, '').trim()}`);
    const relation = match[2];
    if (relation === 'Conflicts' || relation === 'Breaks')
      conflicts.push({ name: bare(name), relation, other: bare(match[3] ?? '') });
  }
  return { lines: [...new Set(lines)], conflicts };
}

/** Two packages that cannot be installed together, those requested by name before their dependencies. */
function excluding(conflicts: readonly Conflict[], asked: ReadonlySet<string>): [string, string] | undefined {
  const pairs: [string, string][] = [];
  for (const { name, other } of conflicts) {
    // Each conflicts with what the other one provides.
    const alike = conflicts.filter((one) => one.other === other && one.name !== name).map((one) => one.name);
    for (const second of [other, ...alike]) pairs.push([name, second]);
  }
  const rank = (pair: [string, string]): number => pair.filter((name) => asked.has(name)).length;
  return pairs.sort((a, b) => rank(b) - rank(a))[0];
}

function conflict(output: string, asked: Asked): Explained | undefined {
  if (!/you have held broken packages|unmet dependencies|Unable to satisfy dependencies/.test(output))
    return undefined;
  const { lines, conflicts } = parseUnmet(output);
  const names = new Set(asked.packages.map(bare));
  const pair = excluding(conflicts, names);
  const why = lines.slice(0, 8).join('\n');
  if (pair === undefined) {
    const first = lines.map((line) => line.split(':')[0] ?? '');
    return {
      code: 'packages-unmet',
      where: `packages of ${asked.suite}`,
      why: why || 'E: apt finds no consistent set of packages',
      next: 'some need an excluded package (excludePackages), or a version other than requested: mkma build --verbose shows what apt reports',
      ...fieldOf(asked, ...first),
    };
  }
  const [one, other] = pair;
  // The definition's own packages come after those of its presets.
  const index = (name: string): number => [...(asked.fields?.keys() ?? [])].indexOf(name);
  const later = [...pair].sort((a, b) => index(b) - index(a));
  return {
    code: 'packages-conflict',
    what: `${one} and ${other} cannot be installed together`,
    where: 'packages',
    why,
    next: `remove one of them; packages: replace([...]) drops those of a preset`,
    ...fieldOf(asked, ...later),
  };
}
