/**
 * A repository of this host with the packages of a lock and nothing else, from which apt installs them. Every
 * file in it was verified against the lock before.
 */
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.js';
import type { LockedPackage, LockedRelease } from '../../lockfile/schema.js';
import { keptName } from '../../lockfile/sources.js';
import { run } from '../../sys/run.js';

interface LocalRequest {
  readonly packages: readonly LockedPackage[];
  readonly releases: readonly LockedRelease[];
  /** The suite that the packages are bootstrapped of. */
  readonly suite: string;
  readonly architectures: readonly string[];
  /** Folder of the verified files, named by {@link keptName}. */
  readonly debs: string;
  /** The folder to fill, on the same file system. */
  readonly root: string;
  readonly signal: AbortSignal;
}

const COMPONENT = 'main';

/** Without characters that apt would encode. */
function poolPath({ sha256 }: LockedPackage): string {
  return `pool/${sha256}.deb`;
}

/** Fills the folder; resolves to its sources, as lines of sources.list(5). */
export async function makeLocalRepository(request: LocalRequest): Promise<Result<string[]>> {
  const { packages, suite, debs, root } = request;
  const stanzas = await stanzasOf(request);
  if (!stanzas.ok) return stanzas;
  mkdirSync(join(root, 'pool'), { recursive: true });
  for (const one of packages) {
    const to = join(root, poolPath(one));
    if (!existsSync(to)) linkSync(join(debs, keptName(one)), to);
  }
  const suites = new Map<string, { names: Names; stanzas: string[] }>();
  const add = (key: string, names: Names, stanza: string): void => {
    const found = suites.get(key) ?? { names, stanzas: [] };
    found.stanzas.push(stanza);
    suites.set(key, found);
  };
  const own = releaseOf(request.releases, 'main', suite) ?? { codename: suite, archive: suite };
  suites.set('main', { names: own, stanzas: [] });
  for (const [i, one] of packages.entries()) {
    const stanza = stanzas.value[i] as string;
    const names = releaseOf(request.releases, one.from, one.suite) ?? {
      codename: one.suite,
      archive: one.suite,
    };
    const ofDebian = one.from === 'main' || one.from === 'security';
    // mmdebstrap selects the required packages in this suite alone, wherever their newest version is.
    if (ofDebian) add('main', own, stanza);
    if (!ofDebian || one.suite !== suite)
      add(`${one.from}-${one.suite.replace(/[^\w.-]/g, '_')}`, names, stanza);
  }
  const lines: string[] = [];
  for (const [name, { names, stanzas: texts }] of suites) {
    writeSuite(join(root, 'dists', name), names, request.architectures, `${texts.join('\n')}`);
    // Unsigned, and on this host: what apt trusts here is what mkma has verified.
    lines.push(`deb [trusted=yes] copy:${root} ${name} ${COMPONENT}`);
  }
  return ok(lines);
}

type Names = Pick<LockedRelease, 'codename' | 'archive'>;

function releaseOf(releases: readonly LockedRelease[], from: string, suite: string): Names | undefined {
  return releases.find((one) => one.from === from && one.suite === suite);
}

function writeSuite(
  folder: string,
  { codename, archive }: Names,
  architectures: readonly string[],
  index: string,
) {
  const digest = createHash('sha256').update(index).digest('hex');
  const paths = architectures.map((name) => `${COMPONENT}/binary-${name}/Packages`);
  for (const path of paths) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), index);
  }
  const lines = [
    `Suite: ${archive}`,
    `Codename: ${codename}`,
    `Architectures: ${architectures.join(' ')}`,
    `Components: ${COMPONENT}`,
    'SHA256:',
    ...paths.map((path) => ` ${digest} ${Buffer.byteLength(index)} ${path}`),
  ];
  writeFileSync(join(folder, 'Release'), `${lines.join('\n')}\n`);
}

/** Fields that describe the file in its own archive. */
const FILE_FIELDS = /^(Filename|Size|MD5sum|SHA1|SHA256|SHA512|Priority):/i;

/** The entries of the index, in the order of the packages. */
async function stanzasOf({ packages, debs, signal }: LocalRequest): Promise<Result<string[]>> {
  if (packages.length === 0) return ok([]);
  const script = 'for deb; do dpkg-deb --field "$deb" || exit 1; echo; done';
  const files = packages.map((one) => keptName(one));
  const read = await run({ file: 'sh', args: ['-c', script, 'sh', ...files], cwd: debs }, { signal });
  if (!read.ok) return read;
  const controls = read.value.stdout.split('\n\n').filter((text) => text.trim() !== '');
  const stanzas: string[] = [];
  for (const [i, one] of packages.entries()) {
    const control = controls[i] ?? '';
    const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'mi').exec(control)?.[1] ?? '';
    const [name, version, arch] = ['Package', 'Version', 'Architecture'].map(field);
    if (name !== one.name || version !== one.version || arch !== one.arch) {
      return err({
        ...{ code: 'lock-invalid', kind: 'usage', what: 'the lock names a package wrongly' },
        where: `package ${one.name}`,
        why: `the file with its digest is ${name} ${version} ${arch}, not ${one.name} ${one.version} ${one.arch}`,
        next: 'take the file from version control, or write it again: mkma lock --update',
      });
    }
    const lines = control.split('\n').filter((line) => !FILE_FIELDS.test(line));
    // What the archive says of it overrides its own words.
    const said = field('Priority');
    const priority =
      one.required === true ? 'required' : said === 'required' || said === '' ? 'optional' : said;
    stanzas.push(
      [
        ...lines,
        `Priority: ${priority}`,
        `Filename: ${poolPath(one)}`,
        `Size: ${one.size}`,
        `SHA256: ${one.sha256}`,
        '',
      ].join('\n'),
    );
  }
  return ok(stanzas);
}
