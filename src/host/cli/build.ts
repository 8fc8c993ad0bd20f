/** The command line of `mkma build`. */
import { join, relative, resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import type { ImageFormat } from '../../core/contract.js';
import { err, ok, type Result, usage } from '../../core/result.js';
import type { Context } from '../context.js';
import type { ModuleSet, Part } from '../definition/choices.js';
import { HOST_NAME, type ResolvedMachine, resolveMachine } from '../definition/resolve.js';
import { whereOf } from '../definition/where.js';
import { lookAtHardware } from '../hardware/host-hardware.js';
import { COMPILED } from '../installed.js';
import { chooseMirrors } from '../mirror/mirrors.js';
import { findReach } from '../mirror/reach.js';
import type { BuildSettings } from '../steps/settings.js';
import { shellQuote } from '../sys/command.js';
import { BUILD_TOOLS } from '../sys/packages.js';
import { run } from '../sys/run.js';
import { type BuildResult, build } from '../verbs/build.js';
import { withDebugShell } from '../verbs/debug-shell.js';
import { explain } from '../verbs/explain.js';
import { withLock } from '../verbs/use-lock.js';
import { VERSION } from '../version.js';
import { requireBuilder } from './may-build.js';
import {
  accelOption,
  cacheOption,
  cacheSizeOption,
  configOption,
  defaultCache,
  epochOption,
  formatOption,
  levelOption,
  mirrorOption,
  moduleSetOption,
  offlineOption,
  outputOption,
  presetOption,
  proxyOption,
  snapshotOption,
  withoutOption,
  zramOption,
} from './options.js';
import { askedOf, bootAfterBuild } from './qemu.js';
import { fail, programName, type Session, show } from './session.js';
import { ensureTools } from './tools.js';

export function buildCommand(session: Session, end: (code: number) => void) {
  return new Command('build')
    .summary('build the machine')
    .description(
      'Build images of a Debian machine that boot whole into RAM. Requires root, or subordinate ids (subuid(5)).',
    )
    .argument('[hostname]', "hostname of the machine (default: the definition's, else that of this host)")
    .addOption(outputOption())
    .addOption(configOption())
    .addOption(presetOption())
    .option('--suite <suite>', 'Debian suite, trixie or newer (default: trixie)')
    .option(
      '--kernel <choice>',
      'debian, host (the running kernel of this host), or host:RELEASE (default: debian)',
    )
    .addOption(mirrorOption())
    .addOption(proxyOption())
    .addOption(formatOption())
    .addOption(withoutOption())
    .addOption(zramOption())
    .addOption(moduleSetOption())
    .addOption(levelOption())
    .addOption(cacheOption())
    .addOption(epochOption())
    .option('--no-lock', 'ignore mkma.lock and install what the mirror has now')
    .addOption(snapshotOption())
    .option('--refresh', 'check the mirror for newer packages', false)
    .addOption(offlineOption())
    .addOption(cacheSizeOption())
    .option('--generation', 'add a generation; earlier images stay beside it', false)
    .option('--discard-edits', 'discard edits made in chroot/', false)
    .addOption(
      new Option(
        '--qemu-test',
        'after the build, boot the images as mkma run does; without a terminal or with --json, as mkma test does',
      ).env('MKMA_QEMU_TEST'),
    )
    .addOption(accelOption('with --qemu-test: '))
    .option('-y, --yes', 'install missing programs without asking', false)
    .option('--debug-shell', 'if the build fails, open a shell in the tree at that point', false)
    .option('--explain', 'build nothing; show what a build would do, and why', false)
    .action(async (hostname, options) => {
      const terminal = options.debugShell ? requireTerminal(session) : ok();
      if (!terminal.ok) return end(fail(session, terminal.problem));
      const resolved = await resolveMachine({ ...options, hostname });
      if (!resolved.ok) return end(fail(session, resolved.problem));
      const asked = await resolveSettings(session, resolved.value, options, 'build');
      const locked =
        asked.ok && options.lock
          ? await withLock(asked.value, isUnnamed(resolved.value), session.context)
          : asked;
      const settings = placed(locked, resolved.value);
      if (!settings.ok) return end(fail(session, settings.problem));
      if (options.explain === true) return end(show(session, await explain(settings.value, session.context)));
      const { variables } = settings.value.reach;
      const tools = await ensureTools(session, BUILD_TOOLS, options.yes, variables, options.offline);
      if (!tools.ok) return end(fail(session, tools.problem));
      const context = options.debugShell ? debugContext(session, variables) : session.context;
      const made = placed(await build(settings.value, context), resolved.value);
      const built = withHint(made, session);
      if (!built.ok || options.qemuTest !== true) return end(show(session, built));
      const { accel, yes, offline } = options;
      end(
        await bootAfterBuild(
          session,
          built.value,
          { output: settings.value.output, accel, ...askedOf(resolved.value) },
          options.cache,
          { yes, offline },
        ),
      );
    });
}

/** A shell needs somebody to type, and a screen of its own. */
function requireTerminal({ interactive, json }: Session): Result<void> {
  if (interactive && !json) return ok();
  return usage({
    code: 'debug-shell-without-terminal',
    what: 'a shell requires a terminal',
    where: '--debug-shell',
    why: json ? 'with --json, standard output is for programs' : 'standard input or error is not a terminal',
    next: 'leave the option out: the log of the stage that fails is kept',
  });
}

function debugContext(session: Session, fetching: Readonly<Record<string, string>>): Context {
  const { context, printer, env } = session;
  return withDebugShell(context, { terminal: env.TERM ?? 'dumb', fetching, clear: printer.close });
}

/** A problem with a field, with the place in the definition where its value is set. */
export function placed<T>(result: Result<T>, { merged }: ResolvedMachine): Result<T> {
  if (result.ok || result.problem.field === undefined) return result;
  const { field, where, ...problem } = result.problem;
  const place = whereOf(merged.originOf(field));
  return err({ ...problem, where: where === undefined ? place : `${place}, ${where}` });
}

/** The commands that boot the result, as they are typed here. */
function withHint(built: Result<BuildResult>, session: Session): Result<BuildResult> {
  if (!built.ok) return built;
  const { output } = built.value;
  const program = programName(session);
  const where = output === resolve('mkma_images') ? '' : ` --output ${shellQuote(relative('.', output))}`;
  const hints = [
    `Try it: ${program} run${where}`,
    ...(built.value.bootEntry.length === 0
      ? []
      : [`Add it to the boot loader: sudo ${program} boot-entry --write${where}`]),
  ];
  return ok({ ...built.value, lines: [...built.value.lines, '', ...hints] });
}

interface BuildOptions {
  readonly output: string;
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
  readonly suite?: string | undefined;
  readonly kernel?: string | undefined;
  readonly format?: ImageFormat | undefined;
  readonly without?: readonly Part[] | undefined;
  readonly zram?: number | undefined;
  readonly initramfsModules?: ModuleSet | undefined;
  readonly mirror?: string | undefined;
  readonly proxy?: string | undefined;
  readonly compressionLevel?: number | undefined;
  readonly cache?: string | undefined;
  readonly sourceDateEpoch?: number | undefined;
  readonly refresh: boolean;
  readonly discardEdits: boolean;
  readonly generation: boolean;
  readonly offline: boolean;
  readonly cacheSize?: number | undefined;
  readonly explain?: boolean;
  readonly snapshot?: string | undefined;
}

/** Whether the hostname is this host's, since nothing else names one. */
export function isUnnamed({ merged }: ResolvedMachine): boolean {
  const origin = merged.originOf(['hostname']);
  return origin?.by === 'option' && origin.text === HOST_NAME;
}

/** What a build or a lock is made of; `verb` needs it. */
export async function resolveSettings(
  session: Session,
  { machine, source }: ResolvedMachine,
  options: BuildOptions,
  verb: string,
): Promise<Result<BuildSettings>> {
  const mirrors = chooseMirrors(options.mirror ?? machine.mirror);
  if (!mirrors.ok) return mirrors;
  const allowed = options.explain === true ? ok() : await requireBuilder(session, verb);
  if (!allowed.ok) return allowed;
  const { root, owner } = session.caller;
  const reach = await findReach(session.env, options.proxy, session.context.signal);
  if (!reach.ok) return reach;
  const architecture = await run({ file: 'dpkg', args: ['--print-architecture'] }, session.context);
  if (!architecture.ok) return architecture;
  const own = architecture.value.stdout.trim();
  if (machine.architecture !== undefined && machine.architecture !== own) {
    return usage({
      code: 'foreign-architecture',
      what: 'this machine cannot be built here',
      where: `architecture: ${machine.architecture}`,
      why: `the build runs programs of the machine, and this host is ${own}`,
      next: `build it on a host of its architecture`,
    });
  }
  return {
    ok: true,
    value: {
      machine,
      source,
      output: options.output,
      cache: options.cache ?? defaultCache(root, session.env),
      mirrors: mirrors.value,
      reach: reach.value,
      architecture: own,
      level: machine.compressionLevel,
      refresh: options.refresh,
      discardEdits: options.discardEdits,
      generation: options.generation || machine.generations !== undefined,
      keep: machine.generations?.keep,
      sourceDateEpoch: options.sourceDateEpoch,
      owner,
      hardware: lookAtHardware(),
      programs: join(COMPILED, 'guest'),
      version: VERSION,
      offline: options.offline,
      cacheSize: options.cacheSize,
      snapshot: options.snapshot,
    },
  };
}
