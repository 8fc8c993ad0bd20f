/** Resolves a definition or preset, and options of the command line, to a complete machine. */
import { hostname, release } from 'node:os';
import type { ImageFormat } from '../../core/contract.js';
import { ok, type Result, usage } from '../../core/result.js';
import { checkMachine } from './checks/machine.js';
import type { ModuleSet, Part } from './choices.js';
import type { ChosenPreset } from './compose.js';
import { containerConsequences } from './containers/stores.js';
import { replace } from './define.js';
import { problemOf } from './fault-problem.js';
import { faultsOf, OWN_WORDS } from './issues.js';
import { type MachineConfig, machineSchema } from './machine.js';
import { Merged } from './merge.js';
import { keysAt, outline } from './outline.js';
import { readSource, type Source, type SourceOptions } from './source.js';

/** The origin of a hostname that nobody has named. */
export const HOST_NAME = 'name of this host';

/** Options of the command line. */
export interface DefinitionOptions extends SourceOptions {
  readonly hostname?: string | undefined;
  /** `debian`, `host` or `host:RELEASE`. */
  readonly kernel?: string | undefined;
  readonly suite?: string | undefined;
  readonly format?: ImageFormat | undefined;
  readonly without?: readonly Part[] | undefined;
  readonly zram?: number | undefined;
  readonly initramfsModules?: ModuleSet | undefined;
  readonly compressionLevel?: number | undefined;
}

/** A machine, and the origin of each value. */
export interface ResolvedMachine {
  readonly machine: MachineConfig;
  readonly merged: Merged;
  readonly source: Source;
  /** Presets that it extends. */
  readonly presets: readonly ChosenPreset[];
}

/** Resolve the machine: the definition, then options of the command line. */
export async function resolveMachine(options: DefinitionOptions): Promise<Result<ResolvedMachine>> {
  const unnamed = new Merged();
  const own = { by: 'option', text: HOST_NAME } as const;
  unnamed.add({ origin: own, fields: { hostname: defaultHostname() } });
  const sourced = await readSource(unnamed, options);
  if (!sourced.ok) return sourced;
  const { merged, source, presets } = sourced.value;
  const typed = addTyped(merged, options);
  if (!typed.ok) return typed;
  for (const { name, machine } of presets) {
    merged.add({ origin: { by: 'preset', name }, fields: machine.finish(merged.fields) });
  }
  // Rules expect a valid machine; errors of an invalid one are reported below.
  const said = machineSchema.safeParse(merged.fields, OWN_WORDS);
  for (const { because, fields } of said.success ? containerConsequences(said.data) : []) {
    merged.add({ origin: { by: 'package', name: because }, fields });
  }
  const parsed = machineSchema.safeParse(merged.fields, OWN_WORDS);
  const shape = outline(machineSchema).shape;
  const faults = parsed.success
    ? [...checkMachine(parsed.data), ...presets.flatMap(({ machine }) => machine.check(parsed.data))]
    : faultsOf(parsed.error.issues, { value: merged.fields, keysAt: (path) => keysAt(shape, path) });
  if (!parsed.success || faults.length > 0) return { ok: false, problem: problemOf(faults, merged) };
  for (const { machine, said } of presets) {
    const wrong = machine.checkOptions?.(parsed.data) ?? [];
    if (wrong.length > 0) return { ok: false, problem: problemOf(wrong, said) };
  }
  return ok({ machine: complete(parsed.data), merged, source, presets });
}

/** Options override all else, field by field. */
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

/** Values that depend on this host. */
function complete(machine: MachineConfig): MachineConfig {
  const { kernel } = machine;
  return kernel.from === 'host' && kernel.release === undefined
    ? { ...machine, kernel: { ...kernel, release: release() } }
    : machine;
}

/** The name of this host, as one label. */
function defaultHostname(): string {
  const first = hostname().split('.')[0]?.toLowerCase() ?? '';
  const label = first
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return label === '' || label === 'localhost' ? 'mkma' : label;
}

function parseKernel(text: string): Result<MachineConfig['kernel']> {
  const [from, ...rest] = text.split(':');
  const wanted = rest.join(':');
  if (from === 'debian' && rest.length === 0) return ok({ from });
  if (from === 'host') return ok({ from, release: wanted === '' ? release() : wanted });
  return usage({
    code: 'kernel-choice-invalid',
    what: 'invalid kernel',
    where: `--kernel ${text}`,
    next: 'use debian, host (the running kernel) or host:RELEASE',
  });
}
