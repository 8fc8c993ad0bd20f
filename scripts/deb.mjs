/**
 * Make the Debian package of what was compiled: node scripts/deb.mjs [FOLDER], by default dist/. The same sources make the same bytes:
 * every file is written anew, and dpkg-deb takes what is later than SOURCE_DATE_EPOCH back to it. Where that is not set it is the last
 * commit's time.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debChangelog, debVersion } from './deb/changelog.mjs';
import { contents } from './deb/contents.mjs';
import { control } from './deb/control.mjs';
import { copyright } from './deb/copyright.mjs';

const target = resolve(process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url)));
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
process.umask(0o022);

const about = JSON.parse(readFileSync('package.json', 'utf8'));
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? execFileSync('git', ['log', '-1', '--format=%ct']));
const version = debVersion(about.version, changelog, epoch);

const scratch = mkdtempSync(join(tmpdir(), 'mkma-deb-'));
try {
  const tree = join(scratch, 'tree');
  placeFiles(tree);
  describe(tree);
  const file = join(target, `${about.name}_${version}_all.deb`);
  // One thread: what xz writes may depend on how many there are (xz(1), --threads).
  const options = ['--root-owner-group', '-Zxz', '--threads-max=1'];
  execFileSync('dpkg-deb', [...options, '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  process.stdout.write(`${file}\n`);
} finally {
  rmSync(scratch, { recursive: true });
}

/** Everything but what describes the package. */
function placeFiles(tree) {
  for (const [place, source] of contents(Object.keys(about.dependencies), join(scratch, 'npm'))) {
    if (place.endsWith('.gz')) write(tree, place, gzip(readFileSync(source)));
    else {
      const content = readFileSync(source);
      write(tree, place, content, content.toString('latin1', 0, 2) === '#!' ? 0o755 : 0o644);
    }
  }
  const command = 'usr/share/mkma/dist/host/mkma';
  // Debian's, whatever Node.js a user has on PATH.
  const text = readFileSync(join(tree, command), 'utf8').replace(/^exec node /m, 'exec /usr/bin/node ');
  writeFileSync(join(tree, command), text);
  mkdirSync(join(tree, 'usr/bin'));
  symlinkSync(`../${command.slice('usr/'.length)}`, join(tree, 'usr/bin/mkma'));
  const bundled = JSON.parse(readFileSync('dist/bundled.json', 'utf8'));
  for (const name of Object.keys(about.dependencies))
    bundled[`node_modules/${name}/*`] = [`node_modules/${name}`];
  write(tree, 'usr/share/doc/mkma/copyright', copyright(about.name, bundled));
  write(tree, 'usr/share/doc/mkma/changelog.gz', gzip(debChangelog(about, version, changelog, epoch)));
}

/** What dpkg knows of the package. */
function describe(tree) {
  const entries = readdirSync(tree, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  // As dpkg-gencontrol counts: files in whole KiB, everything else as one.
  const sizes = files.map((path) => Math.ceil(statSync(path).size / 1024));
  const kibibytes = sizes.reduce((sum, size) => sum + size, entries.length - files.length);
  const sums = files.map((path) => `${digest(path)}  ${path.slice(tree.length + 1)}\n`);
  write(tree, 'DEBIAN/control', control(about, version, kibibytes));
  write(tree, 'DEBIAN/md5sums', sums.join(''));
  write(tree, 'DEBIAN/postrm', readFileSync('scripts/deb/postrm'), 0o755);
}

function write(tree, place, content, mode = 0o644) {
  mkdirSync(dirname(join(tree, place)), { recursive: true });
  writeFileSync(join(tree, place), content, { mode });
}

/** By gzip itself: zlib's bytes differ between versions of Node.js. */
function gzip(content) {
  return execFileSync('gzip', ['-n9'], { input: content });
}

function digest(path) {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
