/** The command line of mmdebstrap(1), and what its failures mean. Pure. */
import type { Problem } from '../../core/result.js';
import { formatBytes } from '../../core/size.js';
import type { Command } from '../sys/command.js';

export interface BootstrapRequest {
  readonly suite: string;
  readonly architecture: string;
  readonly components: readonly string[];
  readonly mirror: string;
  readonly securityMirror: string;
  /** `minbase`: required packages and apt, installed. `extract`: the packages unpacked, nothing configured. */
  readonly variant: 'minbase' | 'extract';
  readonly packages: readonly string[];
  /** Folder where downloaded packages are kept between runs. */
  readonly debs: string;
  /** Shell commands run with the tree's folder as `$1` once everything is installed (or extracted). */
  readonly finish: readonly string[];
  /** The tarball to make; compressed by its name's ending. */
  readonly target: string;
  /** Folder for the tree while it is made. */
  readonly temporary: string;
  readonly sourceDateEpoch?: number | undefined;
}

/** The suites of a Debian release: itself, its updates and security. Unstable has neither. */
export function sourceLines(request: Omit<BootstrapRequest, 'variant' | 'finish'>): string[] {
  const { suite, mirror, securityMirror } = request;
  const components = request.components.join(' ');
  const lines = [`deb ${mirror} ${suite} ${components}`];
  if (suite === 'sid' || suite === 'unstable') return lines;
  lines.push(`deb ${mirror} ${suite}-updates ${components}`);
  lines.push(`deb ${securityMirror} ${suite}-security ${components}`);
  return lines;
}

// $1 is the tree. Kept packages are linked in; new ones are copied to a temporary name and renamed, since two builds
// may share the folder.
const KEEP_DEBS = `for deb in "$1"/var/cache/apt/archives/*.deb; do
  [ -e "$deb" ] || continue
  kept="$MKMA_DEBS/\${deb##*/}"
  [ -e "$kept" ] || { cp "$deb" "$kept.$$" && mv "$kept.$$" "$kept"; } || exit 1
done`;
const BRING_DEBS = `mkdir -p "$1/var/cache/apt/archives" && find "$MKMA_DEBS" -name '*.deb' \
-exec cp --link -t "$1/var/cache/apt/archives" {} +`;

/** The command that makes the tarball. */
export function bootstrapCommand(request: BootstrapRequest): Command {
  const last = request.variant === 'extract' ? '--extract-hook' : '--customize-hook';
  const args = [
    '--mode=root',
    `--variant=${request.variant}`,
    `--architectures=${request.architecture}`,
    '--aptopt=Acquire::Retries "2"',
    '--aptopt=Acquire::http::Timeout "20"',
    '--aptopt=Acquire::https::Timeout "20"',
    '--aptopt=APT::Sandbox::User "root"',
    '--dpkgopt=force-unsafe-io',
    '--skip=download/empty',
    '--skip=essential/unlink',
    `--setup-hook=${BRING_DEBS}`,
    ...[...request.finish, KEEP_DEBS].map((hook) => `${last}=${hook}`),
    ...(request.packages.length === 0 ? [] : [`--include=${request.packages.join(',')}`]),
    request.suite,
    request.target,
    ...sourceLines(request),
  ];
  const epoch = request.sourceDateEpoch;
  return {
    file: 'mmdebstrap',
    args,
    isolated: true,
    env: {
      LC_ALL: 'C.UTF-8',
      TMPDIR: request.temporary,
      MKMA_DEBS: request.debs,
      DEBIAN_FRONTEND: 'noninteractive',
      SOURCE_DATE_EPOCH: epoch === undefined ? undefined : String(epoch),
    },
  };
}

/** The cause of a failed bootstrap, in the user's terms, out of what mmdebstrap and apt printed. */
export function explainBootstrap(output: string, request: BootstrapRequest, replay: string): Problem {
  const what = `cannot bootstrap Debian ${request.suite}`;
  const apt = [...new Set(output.split('\n').filter((line) => /^(E|Err|W):|^\s{3,}\S/.test(line)))]
    .slice(-6)
    .join('\n');
  const give = (where: string, why: string, next: string): Problem => ({ what, where, why, next });
  if (/No space left on device/.test(output)) {
    const next = `free some space, or name another folder with --cache (about ${formatBytes(2 ** 31)} are needed)`;
    return give(request.temporary, 'no space left on its file system', next);
  }
  const host = /Could not resolve '([^']+)'|Temporary failure resolving '([^']+)'/.exec(output);
  if (host)
    return give(
      request.mirror,
      `the host name ${host[1] ?? host[2]} cannot be resolved`,
      'check the network, the name server and --mirror',
    );
  const missing =
    /Unable to locate package (\S+)|Package '?([a-z0-9+.-]+)'? has no installation candidate/.exec(output);
  if (missing) {
    const name = missing[1] ?? missing[2];
    return give(
      `package ${name}`,
      `no such package in ${request.suite} (${request.components.join(', ')})`,
      'check its name and the components',
    );
  }
  const unreachable =
    /(Could not connect to [^\n]*|Connection (?:failed|timed out|refused)[^\n]*|Unable to connect to [^\n]*)/.exec(
      output,
    );
  if (unreachable)
    return give(request.mirror, (unreachable[1] as string).trim(), 'check the network and --mirror');
  if (/does not have a Release file|404\s+Not Found|File not found/.test(output)) {
    return give(
      `${request.mirror} (suite ${request.suite})`,
      `there is no such suite on this mirror, or no Debian mirror at this address\n${apt}`,
      'check --mirror and --suite',
    );
  }
  if (/NO_PUBKEY|not signed|keyring/.test(output)) {
    return give(
      request.mirror,
      `its signature cannot be verified\n${apt}`,
      "update this host's keys: apt-get install debian-archive-keyring",
    );
  }
  return {
    what,
    where: request.mirror,
    why: apt || output.trimEnd().split('\n').slice(-6).join('\n'),
    next: `run it by hand: ${replay}`,
  };
}
