/** A Debian archive of generated packages that moves on from one day to the next, as a mirror and as the archive of its snapshots. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface GeneratedPackage {
  readonly name: string;
  readonly version: string;
  /** Further fields of its control file, such as `Depends: alpha`. */
  readonly fields?: string;
}

export interface Day {
  readonly packages: readonly GeneratedPackage[];
  /** When its lists are made. */
  readonly date: Date;
  readonly validUntil?: Date;
}

const SUITE = 'trixie';

/** All files are below `folder`: what a mirror serves in `www`, and each day's in `days`. */
export class Archive {
  private readonly gpg: string;
  /** Files of packages by their SHA-1, for ever. */
  readonly known = new Map<string, string>();
  /** Snapshots, as `20260801T000000Z`, in order, with the paths in each. */
  readonly days: { readonly stamp: string; readonly paths: ReadonlyMap<string, string> }[] = [];

  constructor(readonly folder: string) {
    this.gpg = join(folder, 'gpg');
    mkdirSync(this.gpg, { mode: 0o700 });
    this.sign('--passphrase', '', '--quick-generate-key', 'mkma test', 'ed25519', 'sign', 'never');
    mkdirSync(join(folder, 'keys'));
    writeFileSync(join(folder, 'keys/test.gpg'), this.sign('--export'));
    mkdirSync(join(folder, 'made'));
  }

  /** Its agent would go on. */
  [Symbol.dispose](): void {
    execFileSync('gpgconf', ['--homedir', this.gpg, '--kill', 'all']);
  }

  /** The mirror has these packages from now on, and no others. */
  publish({ packages, date, validUntil }: Day): void {
    const www = join(this.folder, 'www');
    rmSync(www, { recursive: true, force: true });
    const pool = join(www, 'debian/pool');
    mkdirSync(pool, { recursive: true });
    const paths = new Map<string, string>();
    const stanzas = packages.map((one) => {
      const made = this.make(one);
      const path = `pool/${one.name}_${one.version}_all.deb`;
      const bytes = readFileSync(made);
      writeFileSync(join(www, 'debian', path), bytes);
      const digest = (kind: string): string => createHash(kind).update(bytes).digest('hex');
      this.known.set(digest('sha1'), made);
      paths.set(path, made);
      return `${controlOf(one)}Filename: ${path}\nSize: ${bytes.length}\nSHA256: ${digest('sha256')}\n`;
    });
    this.days.push({ stamp: date.toISOString().replace(/[-:]|\.\d+/g, ''), paths });
    for (const [archive, suite, index] of [
      ['debian', SUITE, stanzas.join('\n')],
      ['debian', `${SUITE}-updates`, ''],
      ['debian-security', `${SUITE}-security`, ''],
    ] as const) {
      const dists = join(www, archive, 'dists', suite);
      this.writeSuite(dists, suite, index, date, validUntil);
    }
  }

  private writeSuite(dists: string, suite: string, index: string, date: Date, until: Date | undefined): void {
    const path = 'main/binary-amd64/Packages';
    mkdirSync(join(dists, 'main/binary-amd64'), { recursive: true });
    writeFileSync(join(dists, path), index);
    const time = (at: Date): string => at.toUTCString().replace('GMT', 'UTC');
    const lines = [
      `Origin: mkma\nSuite: ${suite}\nCodename: ${suite}\nDate: ${time(date)}`,
      ...(until === undefined ? [] : [`Valid-Until: ${time(until)}`]),
      `Architectures: amd64\nComponents: main\nSHA256:`,
      ` ${createHash('sha256').update(index).digest('hex')} ${Buffer.byteLength(index)} ${path}`,
    ];
    writeFileSync(join(dists, 'Release'), `${lines.join('\n')}\n`);
    this.sign('--clearsign', '--output', join(dists, 'InRelease'), join(dists, 'Release'));
  }

  private sign(...args: string[]): Buffer {
    const command = ['--homedir', this.gpg, '--batch', '--quiet', '--yes', ...args];
    return execFileSync('gpg', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** The file of a package, made once. */
  private make(one: GeneratedPackage): string {
    const file = join(this.folder, 'made', `${one.name}_${one.version}.deb`);
    if (existsSync(file)) return file;
    const tree = join(this.folder, 'tree');
    rmSync(tree, { recursive: true, force: true });
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    mkdirSync(join(tree, 'usr/share', one.name), { recursive: true });
    writeFileSync(join(tree, 'DEBIAN/control'), controlOf(one));
    writeFileSync(join(tree, 'usr/share', one.name, 'content'), `${one.name} ${one.version}\n`);
    const args = ['--root-owner-group', '-Znone', '--build', tree, file];
    execFileSync('dpkg-deb', args, { stdio: 'ignore' });
    return file;
  }
}

function controlOf({ name, version, fields }: GeneratedPackage): string {
  const more = fields === undefined ? '' : `${fields}\n`;
  return `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: T <t@mkma.invalid>\n${more}Description: test\n`;
}

/** How a server of snapshots answers the next requests: that many times 429, with that header. */
interface Throttling {
  times: number;
  readonly retryAfter: string;
}

/**
 * A stand-in for the archive of snapshots, with the two parts of its layout that mkma uses: `/file/SHA1`, and
 * `/archive/NAME/TIME/PATH`, which redirects to the last snapshot that is not later.
 */
export class SnapshotServer {
  readonly asked: string[] = [];
  /** The most connections at a time. */
  connections = 0;
  throttling: Throttling | undefined;
  /** Whether it knows files by their SHA-1. */
  byDigest = true;
  private readonly server: Server;

  constructor(private readonly archive: Archive) {
    this.server = createServer((req, res) => this.answer(req, res));
    this.server.on('connection', () => {
      this.server.getConnections((_error, count) => {
        this.connections = Math.max(this.connections, count);
      });
    });
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(req: IncomingMessage, res: ServerResponse): void {
    const path = decodeURIComponent(req.url ?? '/');
    this.asked.push(path);
    if (this.throttling !== undefined && this.throttling.times-- > 0) {
      res.writeHead(429, { 'retry-after': this.throttling.retryAfter }).end();
      return;
    }
    const [, digest] = /^\/file\/([0-9a-f]{40})$/.exec(path) ?? [];
    if (digest !== undefined) {
      send(res, this.byDigest ? this.archive.known.get(digest) : undefined);
      return;
    }
    const [, name = '', stamp = '', file = ''] =
      /^\/archive\/([\w-]+)\/(\d{8}T\d{6}Z)\/(.+)$/.exec(path) ?? [];
    const day = this.archive.days.filter((one) => one.stamp <= stamp).at(-1);
    if (name !== 'debian' || day === undefined) res.writeHead(404).end();
    else if (day.stamp !== stamp)
      res.writeHead(302, { location: `/archive/${name}/${day.stamp}/${file}` }).end();
    else send(res, day.paths.get(file));
  }
}

function send(res: ServerResponse, file: string | undefined): void {
  if (file === undefined) res.writeHead(404).end();
  else res.writeHead(200).end(readFileSync(file));
}
