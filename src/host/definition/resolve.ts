/** From what was typed to a whole machine definition. */
import { hostname, release } from 'node:os';
import { distance } from 'fastest-levenshtein';
import type { BaseFormat } from '../../core/contract.js';
import { ok, type Result, usage } from '../../core/result.js';
import type { Part } from '../leave-out/parts.js';
import { type Machine, type ModuleSet, machineSchema } from './machine.js';
import { DEFAULT_PRESET, PRESETS } from './presets.js';

export interface DefinitionOptions {
  readonly hostname?: string | undefined;
  readonly preset?: string | undefined;
  /** `debian`, `host` or `host:RELEASE`. */
  readonly kernel?: string | undefined;
  readonly suite?: string | undefined;
  readonly format?: BaseFormat | undefined;
  readonly without?: readonly Part[] | undefined;
  readonly zram?: number | undefined;
  readonly initramfsModules?: ModuleSet | undefined;
}

/** Resolve the definition: the preset, then what the command line says. */
export function resolveMachine(options: DefinitionOptions): Result<Machine> {
  const name = options.preset ?? DEFAULT_PRESET;
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (preset === undefined) {
    return usage({
      what: 'there is no such preset',
      where: `--preset ${name}`,
      next: `${didYouMean(name, Object.keys(PRESETS))}the presets are: ${Object.keys(PRESETS).join(', ')}`,
    });
  }
  const kernel = parseKernel(options.kernel ?? 'debian');
  if (!kernel.ok) return kernel;
  const parsed = machineSchema.safeParse({
    ...preset,
    hostname: options.hostname ?? defaultHostname(),
    kernel: kernel.value,
    ...(options.suite === undefined ? {} : { suite: options.suite }),
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.without === undefined ? {} : { without: options.without }),
    ...(options.zram === undefined ? {} : { zram: options.zram }),
    ...(options.initramfsModules === undefined ? {} : { initramfs: { modules: options.initramfsModules } }),
  });
  if (parsed.success) {
    const fits = checkFormat(parsed.data);
    return fits.ok ? checkSuite(parsed.data) : fits;
  }
  const issue = parsed.error.issues[0];
  return usage({
    what: `${issue?.path.join('.') ?? 'the definition'} is not valid`,
    where: issue?.path[0] === 'hostname' ? String(options.hostname) : String(options.suite),
    why: issue?.message ?? '',
    next: 'correct it and try again',
  });
}

/** Suites before trixie: they lack quickjs, the engine of early boot. */
const TOO_OLD = ['oldoldstable', 'oldstable', 'buster', 'bullseye', 'bookworm'];

function checkSuite(machine: Machine): Result<Machine> {
  if (!TOO_OLD.includes(machine.suite)) return ok(machine);
  return usage({
    what: 'this suite is too old',
    where: `--suite ${machine.suite}`,
    why: 'early boot runs on quickjs, which Debian packages from trixie on',
    next: 'use trixie or a newer suite',
  });
}

/** From this Linux on it reads what mkma puts into an EROFS: compressed by zstd (CONFIG_EROFS_FS_ZIP_ZSTD). */
const EROFS_ZSTD = [6, 10] as const;

function checkFormat({ format, kernel }: Machine): Result<void> {
  if (format !== 'erofs' || kernel.from !== 'host') return ok();
  const [major = 0, minor = 0] = kernel.release.split('.').map((part) => Number.parseInt(part, 10));
  const [least, atLeast] = EROFS_ZSTD;
  if (major > least || (major === least && minor >= atLeast)) return ok();
  return usage({
    what: 'this kernel does not read a base of this form',
    where: `--format erofs, --kernel host:${kernel.release}`,
    why: `EROFS compressed by zstd needs Linux ${EROFS_ZSTD.join('.')}`,
    next: "use the suite's kernel (--kernel debian), or --format cpio",
  });
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

/** `did you mean X? `, or nothing where no name is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const nearest = [...names].sort((a, b) => distance(typed, a) - distance(typed, b))[0];
  if (nearest === undefined || distance(typed, nearest) > Math.max(2, typed.length / 3)) return '';
  return `did you mean ${nearest}? `;
}
