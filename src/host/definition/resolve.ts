/** From a definition file, a preset and what was typed to a whole machine. */
import { hostname, release } from 'node:os';
import type { BaseFormat } from '../../core/contract.js';
import { ok, type Problem, type Result, usage } from '../../core/result.js';
import type { Part } from '../leave-out/parts.js';
import { checkMachine } from './checks.js';
import { whereOf } from './compose.js';
import { replace } from './define.js';
import { type Fault, faultsOf, nameOf } from './issues.js';
import { type Machine, type ModuleSet, machineSchema } from './machine.js';
import { Merged } from './merge.js';
import { keysAt, outline } from './outline.js';
import { addSource, type Source, type SourceOptions } from './source.js';

/** What was typed; `undefined`: nothing. */
export interface DefinitionOptions extends SourceOptions {
  readonly hostname?: string | undefined;
  /** `debian`, `host` or `host:RELEASE`. */
  readonly kernel?: string | undefined;
  readonly suite?: string | undefined;
  readonly format?: BaseFormat | undefined;
  readonly without?: readonly Part[] | undefined;
  readonly zram?: number | undefined;
  readonly initramfsModules?: ModuleSet | undefined;
  readonly compressionLevel?: number | undefined;
}

/** A machine, and where what is said of it comes from. */
export interface ResolvedMachine {
  readonly machine: Machine;
  readonly merged: Merged;
  readonly source: Source;
}

/** Resolve the machine: the definition, then what the command line says. */
export async function resolveMachine(options: DefinitionOptions): Promise<Result<ResolvedMachine>> {
  const merged = new Merged();
  const own = { by: 'option', text: "this machine's name" } as const;
  merged.add({ origin: own, fields: { hostname: defaultHostname() } });
  const source = await addSource(merged, options);
  if (!source.ok) return source;
  const typed = addTyped(merged, options);
  if (!typed.ok) return typed;
  const parsed = machineSchema.safeParse(merged.fields);
  const shape = outline(machineSchema).shape;
  const faults = parsed.success
    ? checkMachine(parsed.data)
    : faultsOf(parsed.error.issues, { value: merged.fields, keysAt: (path) => keysAt(shape, path) });
  if (!parsed.success || faults.length > 0) return { ok: false, problem: problemOf(faults, merged) };
  return ok({ machine: complete(parsed.data), merged, source: source.value });
}

/** What the command line says wins over everything, field by field. */
function addTyped(merged: Merged, options: DefinitionOptions): Result<void> {
  const say = (text: string, fields: Record<string, unknown>) =>
    merged.add({ origin: { by: 'option', text }, fields });
  const {
    hostname: name,
    kernel,
    suite,
    format,
    without,
    zram,
    initramfsModules,
    compressionLevel,
  } = options;
  if (name !== undefined) say(name, { hostname: name });
  if (kernel !== undefined) {
    const chosen = parseKernel(kernel);
    if (!chosen.ok) return chosen;
    say(`--kernel ${kernel}`, { kernel: replace(chosen.value) });
  }
  if (suite !== undefined) say(`--suite ${suite}`, { suite });
  if (format !== undefined) say(`--format ${format}`, { format });
  if (without !== undefined) say(`--without ${without.join(',')}`, { without: replace(without) });
  if (zram !== undefined) say(`--zram ${zram}`, { zram });
  if (initramfsModules !== undefined) {
    say(`--initramfs-modules ${initramfsModules}`, { initramfs: { modules: initramfsModules } });
  }
  if (compressionLevel !== undefined) say(`--compression-level ${compressionLevel}`, { compressionLevel });
  return ok();
}

/** The first fault in the file as a problem, which names the others. */
function problemOf(faults: readonly Fault[], merged: Merged): Problem {
  const placed = faults.map((fault) => {
    const origin = merged.originOf(fault.path);
    // As it is counted in the file, not behind what a preset says.
    const what =
      origin?.by === 'file' ? fault.what.replace(nameOf(fault.path), nameOf(origin.path)) : fault.what;
    return { ...fault, what, where: whereOf(origin) };
  });
  const [first, ...others] = placed.sort((a, b) => lineIn(a.where) - lineIn(b.where));
  if (first === undefined) throw new Error('a definition was refused without a fault');
  const lines = others.map(({ what, where, next }) => {
    const hint = /^did you mean [^?]*\?/.exec(next)?.[0];
    return `${where}: ${what}${hint === undefined ? '' : `; ${hint}`}`;
  });
  return {
    kind: 'usage',
    what: first.what,
    where: first.where,
    ...(others.length === 0 ? {} : { why: ['there is more:', ...lines].join('\n') }),
    next: first.next,
    ...(first.code === undefined ? {} : { code: first.code }),
    ...(first.suggestion === undefined ? {} : { suggestion: first.suggestion }),
  };
}

function lineIn(where: string): number {
  return Number(/:(\d+)$/.exec(where)?.[1] ?? 0);
}

/** What only this machine knows. */
function complete(machine: Machine): Machine {
  const { kernel } = machine;
  return kernel.from === 'host' && kernel.release === undefined
    ? { ...machine, kernel: { ...kernel, release: release() } }
    : machine;
}

/** The building machine's own name, as one label. */
function defaultHostname(): string {
  const first = hostname().split('.')[0]?.toLowerCase() ?? '';
  const label = first
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return label === '' || label === 'localhost' ? 'mkma' : label;
}

function parseKernel(text: string): Result<Machine['kernel']> {
  const [from, ...rest] = text.split(':');
  const wanted = rest.join(':');
  if (from === 'debian' && rest.length === 0) return ok({ from });
  if (from === 'host') return ok({ from, release: wanted === '' ? release() : wanted });
  return usage({
    what: 'there is no such kernel choice',
    where: `--kernel ${text}`,
    next: 'use debian, host (the running kernel) or host:RELEASE',
  });
}
