/**
 * Makes src/host/hardware/firmware-table.ts anew: which package of Debian has which firmware. It asks this
 * host's mirror through apt for the Contents index of non-free-firmware (packages for all architectures), and
 * for the files of the few packages that are not in there. Needs network, no root. Usage: node
 * scripts/firmware-table.mjs [SUITE]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseMirrors } from '../dist/src/host/mirror/mirrors.js';

const SUITE = process.argv[2] ?? 'trixie';
const TABLE = fileURLToPath(new URL('../src/host/hardware/firmware-table.ts', import.meta.url));

/** Packages of main, and one that is not for all architectures. */
const BESIDES = ['amd64-microcode', 'firmware-ath9k-htc', 'firmware-carl9170', 'firmware-linux-free'];
/** For one board, which has no modaliases of a PC's. */
const NOT_FOR_PCS = ['raspi-firmware'];

const scratch = mkdtempSync(join(tmpdir(), 'mkma-firmware-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function configureApt() {
  const mirrors = chooseMirrors(process.env.MKMA_MIRROR);
  if (!mirrors.ok) throw new Error(mirrors.problem.what);
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs'])
    mkdirSync(join(scratch, name), { recursive: true });
  writeFileSync(join(scratch, 'status'), '');
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(
    join(scratch, 'sources.list'),
    `deb [arch=amd64 signed-by=${key}] ${mirrors.value.main} ${SUITE} main non-free-firmware\n`,
  );
  // sources.list(5), apt.conf(5) and apt's acquire-additional-files.txt. That index of main would be 40 MB:
  // it is not asked for.
  writeFileSync(
    join(scratch, 'apt.conf'),
    `Dir::State::Lists "${scratch}/lists";
Dir::State::status "${scratch}/status";
Dir::Cache "${scratch}/cache";
Dir::Etc::SourceList "${scratch}/sources.list";
Dir::Etc::SourceParts "/dev/null";
APT::Sandbox::User "";
APT::Architecture "amd64";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Firmware {
  MetaKey "non-free-firmware/Contents-all";
  ShortDescription "Contents";
  Description "$(RELEASE)/non-free-firmware Contents";
};
`,
  );
}

function call(file, args, cwd = scratch) {
  const env = { ...process.env, LC_ALL: 'C', APT_CONFIG: join(scratch, 'apt.conf') };
  const done = spawnSync(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (done.status !== 0) throw new Error(`${file} ${args.join(' ')}\n${done.stderr}`);
  return done.stdout;
}

const FOLDER = /^(?:\.\/)?(?:usr\/)?lib\/firmware\/(.+)$/;

/** Files below the firmware folder, each with its packages. */
function readFiles() {
  configureApt();
  call('apt-get', ['-q', 'update']);
  const found = new Map();
  const add = (path, packages) => {
    const name = FOLDER.exec(path)?.[1];
    if (name === undefined || name.endsWith('/')) return;
    found.set(name, [...new Set([...(found.get(name) ?? []), ...packages])]);
  };
  const index = readdirSync(join(scratch, 'lists')).find((name) => name.includes('Contents-all'));
  if (index === undefined) throw new Error('the mirror gave no Contents-all of non-free-firmware');
  for (const line of call('/usr/lib/apt/apt-helper', ['cat-file', join(scratch, 'lists', index)]).split(
    '\n',
  )) {
    // FILE, blanks, SECTION/PACKAGE[,...]: a name may have blanks itself.
    const [, path = '', packages = ''] = /^(.+?)\s+(\S+)$/.exec(line) ?? [];
    add(
      path,
      packages.split(',').map((one) => one.slice(one.lastIndexOf('/') + 1)),
    );
  }
  call('apt-get', ['-q', 'download', ...BESIDES], join(scratch, 'debs'));
  for (const file of readdirSync(join(scratch, 'debs'))) {
    const list = call('dpkg-deb', ['--contents', join(scratch, 'debs', file)]);
    for (const line of list.split('\n')) add(line.split(/\s+/)[5] ?? '', [file.slice(0, file.indexOf('_'))]);
  }
  return [...found].filter(([, packages]) => !packages.some((name) => NOT_FOR_PCS.includes(name)));
}

/** Letters before the first digit: what drivers' names for firmware have in common. */
const stemOf = (name) => /^[A-Za-z_-]{3,}/.exec(name)?.[0] ?? name;
const ownersOf = (files) => [...new Set(files.flatMap(([, packages]) => packages))];

function groupBy(items, key) {
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** The fewest patterns (a name, or a beginning followed by `*`) that name one package each. */
function patterns(files, prefix = '') {
  const rest = (name) => name.slice(prefix.length);
  const inFolders = files.filter(([name]) => rest(name).includes('/'));
  const here = files.filter(([name]) => !rest(name).includes('/'));
  const folders = groupBy(inFolders, ([name]) => rest(name).split('/')[0]);
  const stems = groupBy(here, ([name]) => stemOf(rest(name)));
  // A stem must stand for no other file or folder beside it.
  const alone = (stem, owners) =>
    ownersOf(files.filter(([name]) => rest(name).startsWith(stem))).join() === owners.join();
  return [
    ...[...folders].flatMap(([folder, below]) => {
      const owners = ownersOf(below);
      const path = `${prefix}${folder}/`;
      return owners.length === 1 ? [[`${path}*`, owners]] : patterns(below, path);
    }),
    ...[...stems].flatMap(([stem, own]) => {
      const owners = ownersOf(own);
      return own.length > 1 && owners.length === 1 && alone(stem, owners)
        ? [[`${prefix}${stem}*`, owners]]
        : own;
    }),
  ];
}

const byPackage = new Map();
for (const [pattern, packages] of patterns(readFiles())) {
  for (const name of packages) byPackage.set(name, [...(byPackage.get(name) ?? []), pattern]);
}
const table = Object.fromEntries(
  [...byPackage].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => [name, all.sort()]),
);
writeFileSync(
  TABLE,
  `/**
 * Firmware by Debian package (${SUITE}): names, or beginnings followed by \`*\`.
 * Generated: node scripts/firmware-table.mjs
 */
export const FIRMWARE_TABLE: Readonly<Record<string, readonly string[]>> = ${JSON.stringify(table, null, 2)};
`,
);
spawnSync('node_modules/.bin/biome', ['format', '--write', TABLE], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
});
