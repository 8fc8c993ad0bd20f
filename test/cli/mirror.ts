/** A small Debian mirror on loopback, which can misbehave, and a host whose apt knows it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MachineConfig } from '../../src/host/definition/machine.js';
import type { Lockfile } from '../../src/host/lockfile/schema.js';
import { execute } from './cli.js';

/** How a file is answered that is not simply sent: by a status, cut off half way, or with a byte changed. */
export type Misbehaviour =
  | number
  | 'cut'
  | 'wrong'
  | { readonly status: number; readonly retryAfter: string };

export const PACKAGES = ['alpha', 'beta'];
const SUITE = 'trixie';

/** Files of a mirror in `folder`: two packages, in the suites that a build asks for; signed by the key that lies in `keys/`. */
export function makeRepository(folder: string): void {
  const gpg = join(folder, 'gpg');
  mkdirSync(gpg, { mode: 0o700 });
  const sign = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', gpg, '--batch', '--quiet', '--yes', ...args], { stdio: 'pipe' });
  sign('--passphrase', '', '--quick-generate-key', 'mkma test', 'ed25519', 'sign', 'never');
  mkdirSync(join(folder, 'keys'));
  writeFileSync(join(folder, 'keys/test.gpg'), sign('--export'));
  for (const [archive, suites] of [
    ['debian', [SUITE, `${SUITE}-updates`]],
    ['debian-security', [`${SUITE}-security`]],
  ] as const) {
    const root = join(folder, 'www', archive);
    mkdirSync(join(root, 'pool'), { recursive: true });
    const stanzas = archive === 'debian' ? PACKAGES.map((name) => makePackage(folder, root, name)) : [];
    for (const suite of suites) {
      const index = suite === SUITE ? stanzas.join('\n') : '';
      writeSuite(join(root, 'dists', suite), suite, index);
      const release = join(root, 'dists', suite, 'Release');
      sign('--clearsign', '--output', join(root, 'dists', suite, 'InRelease'), release);
    }
  }
  // Its agent would go on.
  execFileSync('gpgconf', ['--homedir', gpg, '--kill', 'all']);
}

function makePackage(folder: string, root: string, name: string): string {
  const tree = join(folder, 'packages', name);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(join(tree, 'usr/share', name), { recursive: true });
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: mkma <mkma@mkma.invalid>\nDescription: test\n`;
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  writeFileSync(join(tree, 'usr/share', name, 'content'), randomBytes(20_000));
  const file = `pool/${name}_1.0_all.deb`;
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', tree, join(root, file)], { stdio: 'pipe' });
  return `${control}Filename: ${file}\n${digestOf(join(root, file))}\n`;
}

function digestOf(file: string): string {
  const bytes = readFileSync(file);
  return `Size: ${bytes.length}\nSHA256: ${createHash('sha256').update(bytes).digest('hex')}`;
}

function writeSuite(folder: string, suite: string, index: string): void {
  const path = 'main/binary-amd64/Packages';
  mkdirSync(join(folder, 'main/binary-amd64'), { recursive: true });
  writeFileSync(join(folder, path), index);
  const sha256 = createHash('sha256').update(index).digest('hex');
  const head = `Origin: mkma\nSuite: ${suite}\nCodename: ${suite}\nDate: ${new Date().toUTCString().replace('GMT', 'UTC')}`;
  const rest = `Architectures: amd64\nComponents: main\nSHA256:\n ${sha256} ${Buffer.byteLength(index)} ${path}\n`;
  writeFileSync(join(folder, 'Release'), `${head}\n${rest}`);
}

/** A server of a repository's files. */
export class Mirror {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  private readonly misbehaviours = new Map<string, { how: Misbehaviour; times: number }>();
  /** Called with each path before it is answered. */
  before: ((path: string) => void) | undefined;
  /** What has to be said in the header Authorization. */
  login: string | undefined;
  private readonly server: Server;

  /** `tls`: serve by https, with this key and certificate. */
  constructor(
    private readonly folder: string,
    tls?: { readonly key: Buffer; readonly cert: Buffer },
  ) {
    const answer: RequestListener = (req, res) => this.answer(req, res);
    this.server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  }

  async listen(port = 0): Promise<this> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/debian`;
  }

  /** Answer the file whose path ends so in that way, so many times. */
  misbehave(end: string, how: Misbehaviour, times = Number.POSITIVE_INFINITY): void {
    this.misbehaviours.set(end, { how, times });
  }

  count(end: string): number {
    return this.asked.filter((path) => path.endsWith(end)).length;
  }

  [Symbol.dispose](): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(req: IncomingMessage, res: ServerResponse): void {
    const path = decodeURIComponent(new URL(req.url ?? '/', 'http://mirror').pathname);
    this.asked.push(path);
    this.before?.(path);
    if (this.login !== undefined && req.headers.authorization !== this.login) {
      res.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    const file = join(this.folder, 'www', path);
    const bad = [...this.misbehaviours].find(([end]) => path.endsWith(end))?.[1];
    const how = bad !== undefined && bad.times-- > 0 ? bad.how : undefined;
    if (typeof how === 'object') {
      res.writeHead(how.status, { 'retry-after': how.retryAfter }).end();
      return;
    }
    if (typeof how === 'number' || !existsSync(file) || !statSync(file).isFile()) {
      res.writeHead(typeof how === 'number' ? how : 404).end();
      return;
    }
    const bytes = readFileSync(file);
    if (how === 'wrong') bytes.writeUInt8((bytes.readUInt8(bytes.length >> 1) + 1) % 256, bytes.length >> 1);
    res.writeHead(200, { 'content-length': bytes.length });
    if (how !== 'cut') res.end(bytes);
    else res.write(bytes.subarray(0, bytes.length >> 1), () => res.socket?.destroy());
  }
}

/** A proxy before a mirror, whatever host is asked for. */
export class ForwardProxy {
  /** Headers Proxy-Authorization that came. */
  readonly logins: (string | undefined)[] = [];
  private readonly server: Server;

  constructor(to: Mirror) {
    this.server = createServer((req, res) => {
      this.logins.push(req.headers['proxy-authorization']);
      const { pathname } = new URL(req.url ?? '/');
      const headers = { authorization: req.headers.authorization ?? '' };
      request({ host: '127.0.0.1', port: to.port, path: pathname, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      }).end();
    });
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  [Symbol.dispose](): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** What `bootstrap.ts` is told. */
export interface Asked {
  readonly cache: string;
  readonly main: string;
  readonly security: string;
  readonly proxy?: string | undefined;
  readonly pauses: readonly number[];
  /** Fetch the kernel's package of this name as well. */
  readonly kernel?: string | undefined;
  /** Without a network, as unshare(1) makes one. */
  readonly offline?: boolean | undefined;
  /** Repositories beside the mirror, and packages of theirs. */
  readonly repositories?: MachineConfig['repositories'] | undefined;
  readonly extra?: readonly string[] | undefined;
  /** Install what it names, for the part `tools`. */
  readonly lock?: Lockfile | undefined;
  /** The archive of snapshots. */
  readonly snapshot?: string | undefined;
}

/** What it answers. */
export interface Told {
  readonly code: string | undefined;
  readonly why: string | undefined;
  readonly where: string | undefined;
  readonly next: string | undefined;
  readonly notes: readonly string[];
  /** Codes of warnings. */
  readonly warnings: readonly string[];
  readonly states: readonly string[];
  /** The folder of the entry. */
  readonly path: string | undefined;
  /** Everything that was printed. */
  readonly printed: string;
}

/** A folder in the place of /etc/apt: it trusts the repository's key, and holds what `files` says. */
export function aptFolder(
  path: string,
  repository: string,
  files: Readonly<Record<string, string>> = {},
): string {
  for (const name of ['apt.conf.d', 'auth.conf.d', 'preferences.d', 'sources.list.d', 'trusted.gpg.d'])
    mkdirSync(join(path, name), { recursive: true });
  writeFileSync(join(path, 'trusted.gpg.d/test.gpg'), readFileSync(join(repository, 'keys/test.gpg')));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(path, name), content, { mode: 0o600 });
  return path;
}

/** Run a command on a host whose /etc/apt is that folder. */
export function onHost(
  apt: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  alone: readonly string[] = [],
) {
  const script = 'mount --bind "$0" /etc/apt && exec "$@"';
  return execute('unshare', ['--mount', ...alone, 'sh', '-c', script, apt, ...command], { env });
}

/** Fetch the packages as a build does, on such a host. */
export async function fetchOn(
  apt: string,
  asked: Asked,
  env: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const program = fileURLToPath(new URL('bootstrap.js', import.meta.url));
  const ended = await onHost(
    apt,
    [process.execPath, program, JSON.stringify(asked)],
    env,
    asked.offline === true ? ['--net'] : [],
  );
  assert.equal(ended.code, 0, ended.stderr);
  return { ...(JSON.parse(ended.stdout) as Omit<Told, 'printed'>), printed: ended.stdout + ended.stderr };
}
