/** The command line of mmdebstrap(1), and what its failures mean. Pure. */

import type { Problem } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import { formatBytes } from '../../core/text/size.js';
import { type Command, shellQuote } from '../sys/command.js';
import { explainPackages } from './apt-packages.js';
import type { BootstrapRequest } from './bootstrap-request.js';
import { FETCH, KEEP_DEBS, REACH, SURVEYED, wantedPackages } from './fetch-hooks.js';
import { explainAnswer, mirrorAnswer } from './mirror-answers.js';
import { DESCRIBE, RESOLVE, resolveKernel } from './resolve-hooks.js';

/** The end of a snapshot URL, as 20260801T000000Z (Debian's archive of snapshots, "Usage"). */
export const SNAPSHOT = /\/\d{8}T\d{6}Z$/;

/** The suites of a Debian release: itself, its updates and security. Unstable has neither. */
export function sourceLines(
  request: Pick<BootstrapRequest, 'suite' | 'mirror' | 'securityMirror' | 'components'>,
): string[] {
  const { suite, mirror, securityMirror } = request;
  const line = (from: string, name: string): string => {
    // Lists are valid for about a week; those of a snapshot may be older (sources.list(5)).
    const options = SNAPSHOT.test(from) ? '[check-valid-until=no] ' : '';
    return `deb ${options}${from} ${name} ${request.components.join(' ')}`;
  };
  if (/^(sid|unstable|experimental)$|-backports$/.test(suite)) return [line(mirror, suite)];
  return [line(mirror, suite), line(mirror, `${suite}-updates`), line(securityMirror, `${suite}-security`)];
}

// $1 is the tree.

// Files that apt needs, copied into the tree: by the folder's name, since anybody can read arguments.
const BRING_FILES = 'cp -R "$MKMA_FILES"/. "$1"';

/**
 * Installs package files inside the tree, with their dependencies. apt runs outside, as for all other
 * packages, where it reaches the mirrors as this host does; dpkg runs inside.
 */
function installHook(files: readonly string[]): string {
  return `set -e
mkdir "$1/mkma-debs"
cp -L ${files.map(shellQuote).join(' ')} "$1/mkma-debs"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
dpkg='-o Dir::Bin::dpkg=env -o DPkg::Options::=--unset=APT_CONFIG -o DPkg::Options::=dpkg'
apt-get --yes -o Dpkg::Use-Pty=false -o DPkg::Chroot-Directory="$1" $dpkg install "$1"/mkma-debs/*.deb
rm -r "$1/mkma-debs"`;
}

/** The command that makes the tarball. */
export function bootstrapCommand(request: BootstrapRequest): Command {
  const last = request.variant === 'extract' ? '--extract-hook' : '--customize-hook';
  const args = [
    // Output of apt and dpkg as it comes, from which progress is read (apt-progress.ts).
    '--verbose',
    `--variant=${request.variant}`,
    ...commonArguments(request),
    `--setup-hook=${FETCH}`,
    ...(request.survey === undefined
      ? []
      : [...request.survey, SURVEYED].map((hook) => `--setup-hook=${hook}`)),
    ...((request.debFiles ?? []).length === 0
      ? []
      : [`--customize-hook=${installHook(request.debFiles ?? [])}`]),
    ...[...request.finish, KEEP_DEBS].map((hook) => `${last}=${hook}`),
    ...(request.packages.length === 0 ? [] : [`--include=${request.packages.join(',')}`]),
    request.suite,
    request.target,
    ...(request.sources ?? sourceLines(request)),
  ];
  return command(args, request);
}

/**
 * The command that asks apt what it would fetch, into the folder `MKMA_ENTRY`, and installs nothing.
 * `kernel`: a kernel's package that is downloaded besides.
 */
export function resolveCommand(request: BootstrapRequest, kernel: string | undefined): Command {
  const args = [
    '--variant=custom',
    '--format=null',
    ...commonArguments(request),
    `--setup-hook=${RESOLVE}`,
    ...(kernel === undefined ? [] : [`--setup-hook=${resolveKernel(kernel)}`]),
    `--setup-hook=${DESCRIBE}`,
    request.suite,
    '/dev/null',
    ...(request.sources ?? []),
    ...sourceLines(request),
  ];
  return command(args, request);
}

function commonArguments(request: BootstrapRequest): string[] {
  return [
    '--mode=root',
    `--architectures=${[request.architecture, ...(request.foreignArchitectures ?? [])].join(',')}`,
    // An unknown package name is an error, not a pattern that may match many (apt-get(8), "install").
    '--aptopt=APT::Cmd::Pattern-Only "true"',
    '--aptopt=APT::Sandbox::User "root"',
    '--dpkgopt=force-unsafe-io',
    '--skip=download/empty',
    '--skip=essential/unlink',
    ...(request.recommends === true ? ['--aptopt=APT::Install-Recommends "true"'] : []),
    `--setup-hook=${REACH}`,
    ...(request.files === undefined ? [] : [`--setup-hook=${BRING_FILES}`]),
  ];
}

function command(args: readonly string[], request: BootstrapRequest): Command {
  const epoch = request.sourceDateEpoch;
  // Without a network, whatever a package or hook tries.
  const alone = request.offline === true ? ['unshare', '--net', '--'] : [];
  const [file = '', ...words] = [...alone, 'mmdebstrap', ...args];
  return {
    file,
    args: words,
    name: 'mmdebstrap',
    isolated: true,
    env: {
      HOME: '/root',
      TMPDIR: request.temporary,
      MKMA_DEBS: request.debs,
      MKMA_FILES: request.files,
      MKMA_LISTS: request.lists,
      MKMA_REACH: request.reach,
      MKMA_WANTED: wantedPackages(request).join('\n'),
      DEBIAN_FRONTEND: 'noninteractive',
      // A kernel that packages install gets no initrd, which nothing would boot: initramfs-tools' kernel hook
      // checks this.
      INITRD: 'No',
      SOURCE_DATE_EPOCH: epoch === undefined ? undefined : String(epoch),
    },
    secretEnv: request.fetching,
  };
}

/** The cause of a failed bootstrap, in the user's terms, from the output of mmdebstrap and apt. */
export function explainBootstrap(output: string, request: BootstrapRequest): Problem {
  const what = `cannot bootstrap Debian ${request.suite}`;
  const full = /No space left on device/.test(output);
  const answer = full ? undefined : mirrorAnswer(output);
  if (answer !== undefined) return { what, ...explainAnswer(answer) };
  const ofPackages = full ? undefined : explainPackages(output, request);
  if (ofPackages !== undefined) return { what, ...ofPackages };
  const foreign = full ? undefined : foreignSignature(output, request);
  if (foreign !== undefined) return { what, ...foreign };
  const complaints = [...new Set(output.split('\n').filter((line) => /^(E|W|Err)\b/.test(line)))];
  const own = complaints.filter(
    (line) => !/^E: (setup failed: E: (apt-get|command failed)|mmdebstrap failed to run)/.test(line),
  );
  const apt = own.slice(-6).join('\n');
  for (const [pattern, explain] of CAUSES) {
    const match = pattern.exec(pattern.source.includes('space left') ? output : complaints.join('\n'));
    if (match !== null) return { what, ...explain(request, match, apt) };
  }
  // Of what apt prints while it succeeds, warnings say nothing about a failure.
  const errors = own.filter((line) => !line.startsWith('W')).slice(-6);
  const last = errors.length > 0 ? errors.join('\n') : apt;
  const why = withoutLogins(last || output.trimEnd().split('\n').slice(-6).join('\n'));
  return {
    code: 'bootstrap-failed',
    what,
    where: request.mirror,
    why,
    next: 'mkma build --verbose shows the whole output of mmdebstrap and apt',
  };
}

/**
 * For a repository besides the mirror: its signature does not match the key. gpgv prints EXPKEYSIG and
 * NO_PUBKEY, sqv prints text (apt 2.6 and 3.0).
 */
function foreignSignature(output: string, request: BootstrapRequest): Omit<Problem, 'what'> | undefined {
  const { mirror, securityMirror } = request;
  for (const [, where = ''] of output.matchAll(/^E: The repository '(\S+)[^'\n]*' is not signed/gm)) {
    if ([mirror, securityMirror].some((own) => where.startsWith(own))) continue;
    const words = output.split('\n').filter((line) => line.includes(where) && /^W: /.test(line));
    const why = /EXPKEYSIG|expired/i.test(output)
      ? 'the key that signs it has expired'
      : 'it is not signed by the key that the definition names';
    return {
      code: 'repository-signature',
      where: withoutLogins(where),
      why: withoutLogins([why, ...new Set(words)].join('\n')),
      next: "set the key that the repository's owner publishes now (key, in repositories); mkma build --verbose shows apt's whole output",
    };
  }
  return undefined;
}

type Cause = Pick<Problem, 'code' | 'where' | 'why' | 'next'>;

/** Complaints of apt and its helpers, most specific first, and what they mean. */
const CAUSES: readonly [RegExp, (request: BootstrapRequest, match: RegExpExecArray, apt: string) => Cause][] =
  [
    [
      /No space left on device/,
      ({ temporary }) => ({
        code: 'too-little-space',
        where: temporary,
        why: 'no space left on its file system',
        next: `free some space, or name another folder with --cache (about ${formatBytes(2 ** 31)} are needed)`,
      }),
    ],
    [
      /Release file for \S+ is (expired|not valid yet) \(([^)]*)\)/,
      ({ mirror, suite }, match) => ({
        code: 'mirror-outdated',
        where: `${mirror} (suite ${suite})`,
        why: `its lists are ${match[1]}: ${match[2]}`,
        next: "check this host's clock; if it is right, this mirror is out of date: name another one with --mirror",
      }),
    ],
    [
      /does not have a Release file/,
      ({ mirror, suite }, _match, apt) => ({
        code: 'no-such-suite',
        where: `${mirror} (suite ${suite})`,
        why: `no such suite on this mirror, or no Debian mirror at this address\n${apt}`,
        next: 'check --mirror and --suite',
      }),
    ],
    [
      /NO_PUBKEY|The repository .* is not signed|signatures couldn't be verified|Missing key/,
      ({ mirror }, _match, apt) => ({
        code: 'mirror-signature',
        where: mirror,
        why: `cannot verify its signature\n${apt}`,
        next: "update this host's keys: apt-get install debian-archive-keyring",
      }),
    ],
  ];
