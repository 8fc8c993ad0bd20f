/** `mkma test --medium`: boots a medium as a real machine does, unattended, and checks it from inside. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MEDIUM } from '../../core/loader/medium-menu.js';
import { err, ok, type Problem, type Result, usage } from '../../core/result.js';
import type { Context } from '../context.js';
import { readMedium as findMedium } from '../media/medium.js';
import { getFromExt4 } from '../qemu/ext4.js';
import { prepareVariables, pristineStart } from '../qemu/firmware.js';
import { type Medium, mediumName, startNote } from '../qemu/medium.js';
import { chooseMediumAccel, mediumDisk } from '../qemu/medium-machine.js';
import { type MediumContent, mediumMemoryMiB, readMedium } from '../qemu/read-medium.js';
import { testCredentials } from '../qemu/test-unit.js';
import { run } from '../sys/run.js';
import { makeScratch } from '../sys/scratch.js';
import type { Accelerator } from '../tools/qemu.js';
import { overlayCommand } from '../tools/qemu-img.js';
import type { Start } from '../tools/qemu-start.js';
import { type Bench, checkMachine, type TestOptions, type TestResult } from './check-machine.js';

/** Seconds for firmware, boot loader, boot, checks and power off. */
const TIMEOUT: Record<Accelerator, number> = { tcg: 480, kvm: 180 };

/** Boots and checks the medium. A Problem if the boot failed; failed checks and tests are in the result. */
export async function testMedium(
  options: TestOptions,
  medium: Medium,
  context: Context,
): Promise<Result<TestResult>> {
  const start = pristineStart(medium.firmware, medium.writes);
  if (!start.ok) return start;
  const { passphrase } = options;
  const encrypted = findMedium(medium.file)?.encrypted !== undefined;
  if (encrypted !== (passphrase !== undefined)) return usage(unfit(medium, encrypted));
  const content = await readMedium(medium.file, context.signal);
  const accel = await chooseMediumAccel(options, content, context);
  if (!accel.ok) return accel;
  context.emit({ type: 'note', text: startNote(medium) });
  const folder = join(options.cache, 'media');
  const scratch = await makeScratch(folder, context.signal);
  if (!scratch.ok) return scratch;
  try {
    const overlay = await overlayOf(medium, scratch.value.path, context);
    if (!overlay.ok) return overlay;
    if (encrypted && !(await asksOnSerial(content, scratch.value.path, context))) return err(silent(medium));
    const name = resolve(folder, mediumName(medium));
    const bench: Bench = {
      start: ownVariables(start.value, scratch.value.path),
      credentials: testCredentials(),
      disk: mediumDisk(medium, overlay.value),
      bus: medium.bus,
      memoryMiB: mediumMemoryMiB(content),
      accel: accel.value.accel,
      timeout: options.timeout ?? TIMEOUT[accel.value.accel],
      scratch: scratch.value.path,
      passphrase,
      console: `${name}.log`,
      picture: `${name}.png`,
    };
    return await checkMachine(options, bench, context);
  } finally {
    scratch.value.remove();
  }
}

/** A file that takes the machine's writes, over the reboots of its tests; none for a disc, which has none. */
async function overlayOf(
  { file, bus }: Medium,
  scratch: string,
  { signal }: Context,
): Promise<Result<string | undefined>> {
  if (bus === 'cd') return ok(undefined);
  const overlay = join(scratch, 'overlay.qcow2');
  const made = await run(overlayCommand(overlay, file), { signal });
  return made.ok ? ok(overlay) : made;
}

/** UEFI variables that the machine keeps over the reboots of its tests. */
function ownVariables(start: Start, scratch: string): Start {
  if (start.by !== 'uefi' || start.writes === 'ignored') return start;
  const own: Start = { ...start, variables: join(scratch, 'variables.fd'), writes: 'kept' };
  prepareVariables(own);
  return own;
}

/** Whether the medium's default entry asks for the passphrase where it can be typed. */
async function asksOnSerial(
  { kernel }: MediumContent,
  scratch: string,
  { signal }: Context,
): Promise<boolean> {
  if (kernel === undefined) return true;
  const name = 'menu';
  await getFromExt4(kernel.fileSystem, MEDIUM.menu, { into: scratch, name }, signal);
  const menu = readFileSync(join(scratch, name), 'utf8');
  const [, first = ''] = /^set default=(\S+)$/m.exec(menu) ?? [];
  const [, entry = ''] = menu.split(`--id ${first} {`);
  return /^ +linux .*\bconsole=ttyS0\b/m.test(entry.slice(0, entry.indexOf('\n}')));
}

function silent({ file }: Medium): Problem {
  return {
    code: 'passphrase-unfit',
    what: 'the passphrase cannot be typed unattended',
    where: file,
    why: 'the kernel command line on this medium has no console=ttyS0: its question comes on the screen alone',
    next: 'install the images with --append console=ttyS0, or boot it yourself: mkma run --medium, with --window',
  };
}

function unfit({ file }: Medium, encrypted: boolean) {
  return {
    code: 'option-unfit',
    what: encrypted ? 'this medium asks for a passphrase' : '--passphrase-file is for encrypted media',
    where: file,
    next: encrypted ? 'name a file with it: --passphrase-file FILE' : 'leave it out',
  } as const;
}
