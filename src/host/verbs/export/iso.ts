/** `mkma export iso`: a set of images as an ISO, for CDs and for sticks. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ok, type Result } from '../../../core/result.js';
import { formatBytes } from '../../../core/text/size.js';
import type { Context } from '../../context.js';
import { bootsText, PROTECTION } from '../../media/describe.js';
import { idsFrom, seedOf } from '../../media/ids.js';
import { isoLabel, makeIso } from '../../media/iso.js';
import { MIB } from '../../media/layout.js';
import { newFile, publishNew, requireRoom } from '../../media/new-file.js';
import { stage } from '../../stage.js';
import { lockToRead } from '../../sys/output.js';
import { makeScratch } from '../../sys/scratch.js';
import { findContent, readDigests } from '../install/content.js';
import { fetchTools } from '../install/fetch.js';
import type { InstallOptions } from '../install/options.js';

export type ExportOptions = Omit<
  InstallOptions,
  | 'target'
  | 'size'
  | 'label'
  | 'fresh'
  | 'encrypt'
  | 'keyMemory'
  | 'passphrase'
  | 'passphraseGiven'
  | 'refreshLoader'
  | 'ownMounts'
  | 'confirm'
> & {
  /** The new file. */
  readonly file: string;
};

export interface ExportResult {
  readonly file: string;
  /** By it the ISO finds itself. */
  readonly label: string;
  readonly bytes: number;
  readonly lines: readonly string[];
}

/** What an ISO takes besides the images: its ESP, GRUB, folders, alignment. */
const OWN = 40 * MIB;

/** Makes the ISO; the same images give the same bytes. */
export async function exportIso(options: ExportOptions, context: Context): Promise<Result<ExportResult>> {
  const made = newFile(resolve(options.file));
  if (!made.ok) return made;
  const images = await lockToRead(options.output, options.owner);
  if (!images.ok) return images;
  using _reading = images.value;
  const scratch = await makeScratch(join(options.cache, 'tmp'), context.signal);
  if (!scratch.ok) return scratch;
  try {
    return await make(made.value, options, scratch.value.path, context);
  } finally {
    scratch.value.remove();
  }
}

async function make(
  file: string,
  options: ExportOptions,
  scratch: string,
  context: Context,
): Promise<Result<ExportResult>> {
  const { signal, emit } = context;
  const content = findContent(options, context);
  if (!content.ok) return content;
  const { set, layers, suite, epoch, signed } = content.value;
  const files = [...set.files, ...layers];
  const bytes = files.reduce((sum, one) => sum + one.bytes, 0) + OWN;
  const room = requireRoom(file, bytes);
  if (!room.ok) return room;
  const fetched = await fetchTools(options, suite, scratch, context);
  if (!fetched.ok) return fetched;
  const { tools, toolsId } = fetched.value;
  const digests = await readDigests(files, context);
  if (!digests.ok) return digests;
  const own = [...set.own, ...options.append];
  const facts = files.map(({ name, mode, from }) => `${name} ${mode} ${digests.value.get(from)}`);
  const seed = seedOf(['iso', String(epoch), toolsId, JSON.stringify(own), ...facts]);
  const plan = { label: isoLabel(seed), files, own, epoch, volume: idsFrom(seed).volume };
  const onShare = (share: number): void =>
    emit({ type: 'progress', stage: 'write', done: Math.round(share * bytes), total: bytes, unit: 'bytes' });
  const made = await stage(context, 'write', formatBytes(bytes), () =>
    publishNew(file, options.owner, signal, (target) =>
      makeIso(tools, plan, { target, scratch }, signal, onShare),
    ),
  );
  if (!made.ok) return made;
  const size = statSync(file).size;
  const lines = [
    `made ${file} (${formatBytes(size)})`,
    `${bootsText(signed)}. It does so from CD, or copied to a stick with dd.`,
    'It is read-only: what a machine saves needs a device of its own (mkma_layers_device=).',
    '',
    ...PROTECTION,
  ];
  return ok({ file, label: plan.label, bytes: size, lines });
}
