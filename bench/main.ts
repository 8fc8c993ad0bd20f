/** `npm run bench`: mkma against the plain shell pipelines, side by side. bench/run starts it with mounts of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BASE_FILES, FILES, type ImageFormat } from '../src/core/contract.js';
import { readImage } from '../src/host/set/images.js';
import { benchBooting } from './boot/booting.js';
import { prepareLive } from './boot/live.js';
import { chart } from './chart.js';
import { EarlyBoot } from './early-boot.js';
import { benchGrowth } from './growth.js';
import { describeHost } from './host.js';
import { initramfsSize } from './initramfs-size.js';
import { benchLevels } from './levels.js';
import { benchLoading } from './loading.js';
import { benchPacking } from './packing.js';
import { benchPersist } from './persist.js';
import { type Measurements, report } from './report.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    output: { type: 'string' },
    erofs: { type: 'string' },
    runs: { type: 'string', default: '9' },
    boots: { type: 'string', default: '3' },
    chart: { type: 'string' },
    json: { type: 'string' },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) fail(`--runs ${values.runs} is no number of turns`);
const boots = Number(values.boots);
if (!Number.isInteger(boots) || boots < 0) fail(`--boots ${values.boots} is no number of turns`);

const folder = values.output ?? builtImages('.test/images', 'cpio');
const held = values.erofs ?? builtImages('.test/erofs', 'erofs');
const needed = [BASE_FILES.cpio, FILES.chroot, FILES.initramfsTree].map((name) => join(folder, name));
for (const path of [...needed, join(held, BASE_FILES.erofs)]) {
  if (!existsSync(path)) fail(`there is no ${path}: name a folder that mkma build has filled`);
}
const images = realpathSync(folder);
const scratch = mkdtempSync(join(images, '.bench-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', () => {
  spawnSync('umount', ['--recursive', '--lazy', join(scratch, 'root')], { stdio: 'ignore' });
  rmSync(scratch, { recursive: true, force: true });
});

const found = await measure();
process.stdout.write(`${report(found).join('\n')}\n`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(found, null, 2)}\n`);
if (values.chart !== undefined) writeFileSync(values.chart, chart(found));

/** Images of the tests, built where they are not yet. */
function builtImages(name: string, format: ImageFormat): string {
  const folder = join(repository, name);
  const main = join(repository, 'dist/host/main.js');
  const build = [main, 'build', 'console', '--format', format, '--output', folder];
  const built = spawnSync(process.execPath, build, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (built.status !== 0) fail('the images to measure could not be built');
  return folder;
}

/** Where the tools of other ways stay from run to run. */
function keptFolder(): string {
  const folder = join(repository, '.test/bench');
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function measure(): Promise<Measurements> {
  const machine = describeHost(images);
  const before = loadavg()[0] ?? 0;
  const kept = keptFolder();
  const live = prepareLive({ images, ...originOf(images) }, kept);
  const early = new EarlyBoot(join(images, FILES.initramfsTree), join(scratch, 'root'));
  const loading = await benchLoading(early, images, realpathSync(held), runs);
  const packing = await benchPacking({ images, scratch, runs, tools: live.root });
  const levels = await benchLevels({ images, scratch, runs });
  mkdirSync(join(scratch, 'machine'));
  const persisting = await benchPersist(images, join(scratch, 'machine'), runs);
  const growth = await benchGrowth({ images, early, scratch, runs: Math.min(runs, 3) });
  const booting =
    boots === 0 ? undefined : await benchBooting({ images, held, live, kept, scratch, runs: boots });
  const initramfs = await initramfsSize({ tree: join(images, FILES.initramfsTree), level: 3, scratch });
  if (!initramfs.ok) throw new Error(JSON.stringify(initramfs.problem));
  const load = [before, loadavg()[0] ?? 0] as const;
  return {
    ...{ at: new Date().toISOString(), machine, runs, load },
    ...{ loading, packing, levels, persisting, growth, initramfs: initramfs.value },
    ...(booting === undefined ? {} : { booting }),
  };
}

/** What the base of a folder says of the kernel and the suite. */
function originOf(folder: string): { readonly kernelRelease: string; readonly suite: string } {
  const info = readImage(join(folder, BASE_FILES.cpio));
  if (!info.ok || info.value.manifest === undefined) fail(`${folder} holds no base of mkma`);
  return info.value.manifest;
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
