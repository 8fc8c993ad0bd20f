/** `mkma doctor`: what this host lacks, and the one command that installs it. */
import { existsSync } from 'node:fs';
import { err, ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { installTools } from '../install-tools.js';
import { chooseMirrors } from '../mirror/mirrors.js';
import { describeReach, findReach, PLAIN_REACH } from '../mirror/reach.js';
import { type Environment, PROXY_VARIABLES, pick } from '../sys/environment.js';
import { BUILD_TOOLS, type HostTool, QEMU_TOOLS, ROOTLESS_TOOLS } from '../sys/packages.js';
import { findProgram, installCommand, packagesOf } from '../sys/prerequisites.js';
import { tryOwnUsers } from '../sys/try-users.js';

export interface DoctorOptions {
  /** The caller's. */
  readonly env: Environment;
  /** Install what is missing. */
  readonly install: boolean;
  readonly root: boolean;
}

export interface Diagnosis {
  readonly healthy: boolean;
  readonly tools: readonly {
    readonly program: string;
    readonly package: string;
    readonly found: string | null;
  }[];
  /** The command that installs what is missing. */
  readonly install: string | null;
  /** Whether this user can build without root; `null` for root itself, which has no need to. */
  readonly withoutRoot: { readonly possible: boolean; readonly problem?: Problem } | null;
  /** How mirrors are reached from here, without names and passwords. */
  readonly reach: readonly { readonly setting: string; readonly value: string }[];
  readonly lines: readonly string[];
}

export async function doctor(options: DoctorOptions, context: Context): Promise<Result<Diagnosis>> {
  const first = await diagnose(options, context);
  if (first.healthy || !options.install) return ok(first);
  if (!options.root)
    return err({ code: 'needs-root', what: 'installing needs root', next: `sudo ${first.install}` });
  const packages = packagesOf(missing(options));
  const done = await installTools(packages, pick(options.env, PROXY_VARIABLES), context);
  return done.ok ? ok(await diagnose(options, context)) : done;
}

/** Every tool once; some serve several purposes. */
function allTools(): HostTool[] {
  const tools = [...BUILD_TOOLS, ...ROOTLESS_TOOLS, ...QEMU_TOOLS];
  return tools.filter((tool, i) => tools.findIndex((other) => other.program === tool.program) === i);
}

function missing(options: DoctorOptions): HostTool[] {
  return allTools().filter((tool) => findProgram(tool.program, options.env.PATH ?? '') === undefined);
}

async function diagnose(options: DoctorOptions, context: Context): Promise<Diagnosis> {
  const tools = allTools().map((tool) => ({
    ...tool,
    found: findProgram(tool.program, options.env.PATH ?? '') ?? null,
  }));
  const reach = await reached(options.env, context);
  const tried = options.root ? undefined : await tryOwnUsers(context.signal);
  const absent = tools.filter((tool) => tool.found === null);
  const install = absent.length === 0 ? null : installCommand(packagesOf(absent));
  const lines = [
    ...tools.map(
      ({ program, purpose, found }) =>
        `${found === null ? 'missing' : 'ok     '}  ${program.padEnd(19)} ${purpose}`,
    ),
    `${existsSync('/dev/kvm') ? 'ok     ' : 'note   '}  ${'/dev/kvm'.padEnd(19)} ${existsSync('/dev/kvm') ? 'present; the first boot probes whether it works' : 'absent: virtual machines are emulated, which is slower'}`,
    ...withoutRootLines(tried),
    '',
    'how builds reach mirrors:',
    ...reach.map(({ setting, value }) => `         ${setting}  ${value}`),
    '',
    install === null
      ? 'nothing is missing'
      : `install what is missing:  ${options.root ? '' : 'sudo '}${install}`,
  ];
  return {
    healthy: absent.length === 0,
    tools: tools.map((tool) => ({ program: tool.program, package: tool.package, found: tool.found })),
    install,
    withoutRoot: tried === undefined ? null : withoutRoot(tried),
    reach,
    lines,
  };
}

function withoutRoot(tried: Result<void>): NonNullable<Diagnosis['withoutRoot']> {
  return tried.ok ? { possible: true } : { possible: false, problem: tried.problem };
}

/** None for root. A host that forbids it is not unhealthy: sudo remains. */
function withoutRootLines(tried: Result<void> | undefined): string[] {
  if (tried === undefined) return [];
  if (tried.ok) return [`ok       ${'without root'.padEnd(19)} this user can build, tried just now`];
  const { what, where, why, next } = tried.problem;
  const text = [where === undefined ? what : `${what}: ${where}`, why, next, 'or build with sudo']
    .filter((part) => part !== undefined)
    .flatMap((part) => part.split('\n'));
  return text.map((line, i) =>
    i === 0 ? `note     ${'without root'.padEnd(19)} ${line}` : ' '.repeat(29) + line,
  );
}

/**
 * The mirrors that a build uses by default, and how it reaches them. If apt is missing, only from the
 * environment.
 */
async function reached(env: Environment, { signal }: Context): Promise<Diagnosis['reach']> {
  const mirrors = chooseMirrors(env.MKMA_MIRROR);
  const reach = await findReach(env, undefined, signal);
  return [
    ...(mirrors.ok ? [{ setting: 'mirror', value: mirrors.value.main }] : []),
    ...describeReach(reach.ok ? reach.value : { ...PLAIN_REACH, variables: pick(env, PROXY_VARIABLES) }),
  ];
}
