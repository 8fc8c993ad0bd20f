/** Compile everything that is shipped or tested: TypeScript by project references, then the guest's bundles. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const tsc = spawnSync('node_modules/.bin/tsc', ['-b', ...process.argv.slice(2)], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// What was compiled from a source that is gone must not be run, tested or shipped.
for (const tree of ['src', 'test', 'bench']) {
  for (const file of readdirSync(`dist/${tree}`, { recursive: true })) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
    if (source !== file && !existsSync(`${tree}/${source}`)) rmSync(`dist/${tree}/${file}`);
  }
}

// Licences of packages that a bundle holds ask to be named wherever it goes, or to go with it.
const ignoreLicence = readFileSync('node_modules/ignore/LICENSE-MIT', 'utf8').trim().replace(/\*\//g, '');
const BANNERS = {
  'dist/guest/mkma.js': [
    '// Holds @stricli/core, copyright Bloomberg Finance L.P., Apache License 2.0: /usr/share/common-licenses/Apache-2.0',
    `/* Holds ignore:\n${ignoreLicence}\n*/`,
  ].join('\n'),
};

const { version, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
mkdirSync('dist/guest', { recursive: true });
const bundles = {
  'dist/guest/init.js': 'dist/src/guest/init/main.js',
  'dist/guest/mkma.js': 'dist/src/guest/mkma/main.js',
  'dist/guest/pack.js': 'dist/src/guest/packer/main.js',
  'dist/guest/start.js': 'dist/src/guest/starter/main.js',
  'dist/guest/still.js': 'dist/src/guest/still/main.js',
  'dist/bench/load.mjs': 'dist/bench/guest/load.js',
  'dist/bench/load-layers.mjs': 'dist/bench/guest/load-layers.js',
};
/** Folders of the packages that are in what is shipped, by its files: their licences go with it. */
const bundled = {};
for (const [outfile, entry] of Object.entries(bundles)) {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: ['std', 'os'],
    define: { MKMA_VERSION: JSON.stringify(version) },
    legalComments: 'none',
    banner: { js: BANNERS[outfile] ?? '' },
    logLevel: 'warning',
  });
  const packages = packagesIn(metafile);
  if (packages.length > 0) bundled[outfile] = packages;
}
await bundleHost();
writeFileSync('dist/bundled.json', JSON.stringify(bundled));
for (const script of ['qemu/checks.sh', 'qemu/agent.sh', 'screen/windows.pl']) {
  copyFileSync(`src/host/${script}`, `dist/src/host/${script}`);
}
for (const stub of ['init.sh', 'mkma.sh', 'persist.rules'])
  copyFileSync(`src/guest/${stub}`, `dist/guest/${stub}`);
const { editorTypes } = await import('../dist/src/host/reference/reference.js');
writeFileSync('dist/mkma.d.ts', editorTypes());
writeFileSync('dist/.built', '');

/**
 * The host's program with its packages in a few files: Node.js opens, resolves and compiles each on its own, and 375 took longer than all
 * that most commands do. Definitions import the same modules (`definition/api.js`). What package.json names as a dependency stays a
 * package: Jiti, which loads parts of itself by their paths.
 */
async function bundleHost() {
  const outdir = 'dist/host';
  const { metafile, outputFiles } = await build({
    entryPoints: { main: 'dist/src/host/main.js', 'definition/api': 'dist/src/host/definition/api.js' },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: Object.keys(dependencies),
    // CommonJS packages ask for Node's modules in their own way.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const packages = packagesIn(metafile);
  if (packages.length === 0) throw new Error('the bundle holds no packages: where are they?');
  bundled['dist/host/*'] = packages;
  const licences = packages.map(licenceOf).join('\n');
  const files = new Map(
    outputFiles.map(({ path, contents }) => [relative(outdir, path), Buffer.from(contents)]),
  );
  files.set('LICENSES', Buffer.from(licences));
  files.set('mkma', readFileSync('src/host/mkma.sh')).set('start.cjs', readFileSync('src/host/start.cjs'));
  replaceFiles(outdir, files);
}

/** Folders of the packages that a bundle holds. */
function packagesIn({ inputs }) {
  const folders = Object.keys(inputs).flatMap(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(folders)].sort();
}

/**
 * Put files in place of those in a folder. The program there may be running: what stays as it is is not touched, and the parts that
 * entries import come before them and go last.
 */
function replaceFiles(folder, files) {
  mkdirSync(folder, { recursive: true });
  const names = [...files.keys()].sort((a, b) => b.startsWith('chunk-') - a.startsWith('chunk-'));
  for (const name of names) {
    const path = `${folder}/${name}`;
    if (existsSync(path) && readFileSync(path).equals(files.get(name))) continue;
    mkdirSync(dirname(path), { recursive: true });
    // A program has to stay one that can be started.
    const mode = files.get(name).toString('latin1', 0, 2) === '#!' ? 0o755 : 0o644;
    writeFileSync(`${path}.new`, files.get(name), { mode });
    renameSync(`${path}.new`, path);
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = `${folder}/${name}`;
    if (!files.has(name) && statSync(path).isFile()) rmSync(path);
  }
}

/** The licence of a package that is bundled, which it asks to go with it. */
function licenceOf(folder) {
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${folder} has no licence that could go with the bundle`);
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return `${name}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
}
