/** The stage `base`: whether the tree has to be packed. */
import { join } from 'node:path';
import { BASE_FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { BASE_NAMES } from '../../core/set/base.js';
import { formatBytes } from '../../core/text/size.js';
import { placedBy } from '../customise/place-files.js';
import type { KeptOut } from '../pack/kept-out.js';
import type { EarlierImage } from '../pack/kept-segments.js';
import type { PackageSize } from '../pack/package-sizes.js';
import type { Stamp } from '../pack/segment-keys.js';
import { readImage } from '../set/images.js';
import type { StageRecord } from '../stages/build-state.js';
import { fileStamp, whyFiles } from '../stages/decide.js';
import { stampsOf } from '../trees/stamps.js';
import { baseInputs, packBase } from './base.js';
import { recordedNodes } from './device-nodes.js';
import { ACCOUNTS, numbersRecord } from './last-numbers.js';
import type { Root } from './system-stage.js';
import type { ToolsTree } from './tools-tree.js';
import { type Recorded, runStage, type Work } from './work.js';

/** The base's inputs, and why it has to be made; `undefined`: it stays. */
export function lookAtBase({ settings, state, output }: Recorded, toolsId: string, root: Omit<Root, 'path'>) {
  const inputs = baseInputs(settings, root.fingerprint, root.release, toolsId);
  const present = readImage(join(output.path, BASE_FILES[settings.machine.format]));
  const unread = present.ok ? undefined : 'this mkma cannot read the existing base';
  return { inputs, why: whyFiles(state, 'base', inputs, output.path) ?? unread };
}

/** Packs the tree, or keeps the existing base. */
export async function baseStage(
  work: Work,
  toolsId: string,
  tools: ToolsTree,
  root: Root,
): Promise<Result<void>> {
  const { settings, context, output } = work;
  const { inputs, why } = lookAtBase(work, toolsId, root);
  if (why === undefined) return ok();
  const made = await runStage(
    work,
    'base',
    why,
    ({ manifest, segments }) => {
      const what = `${manifest.inodes} files, ${formatBytes(manifest.unpackedBytes)} in RAM`;
      if (segments === undefined || segments.kept === 0) return what;
      return `${what}; ${segments.kept} of ${segments.keys.length} segments unchanged`;
    },
    () =>
      packBase(
        settings,
        {
          root: root.path,
          kernelRelease: root.release,
          stays: placedBy(settings.machine.files),
          nodes: recordedNodes(work.records.system ?? work.state.get('system')),
          scratch: output.scratch.path,
          tools: () => tools.root(),
          earlier: earlierBase(work),
          stamp: stampOf(work),
        },
        context,
      ),
  );
  if (!made.ok) return made;
  const { manifest, keptOut, largest, segments } = made.value;
  const name = BASE_FILES[settings.machine.format];
  work.made.set(name, join(output.scratch.path, name));
  for (const other of BASE_NAMES) if (other !== name) work.gone.add(other);
  work.records.base = {
    inputs,
    at: new Date().toISOString(),
    output: {
      ...{ id: manifest.id, 'kept out': JSON.stringify(keptOut), largest: JSON.stringify(largest) },
      ...(segments === undefined ? {} : { [SEGMENTS]: segments.keys.join(' ') }),
    },
  };
  work.records[ACCOUNTS] = numbersRecord(work, root.path);
  return ok();
}

/** The packages that take the most room in the base; none: an older mkma packed it. */
export function largestIn(base: StageRecord | undefined): readonly PackageSize[] {
  return JSON.parse(base?.output.largest ?? '[]');
}

/** Stamps of the tree that this build makes; `undefined`: the base is of a tree that stays. */
function stampOf({ stack: { current, changes } }: Work): Stamp | undefined {
  if (current?.upper === undefined || changes === undefined) return undefined;
  return stampsOf(current.upper, changes);
}

/** The name of the keys of segments in the record. */
const SEGMENTS = 'segments';

/** The archive that the last build left, if it is still that file. */
function earlierBase({ state, output }: Work): EarlierImage | undefined {
  const name = BASE_FILES.cpio;
  const path = join(output.path, name);
  const { [SEGMENTS]: keys, [`file ${name}`]: stamp } = state.get('base')?.output ?? {};
  return keys === undefined || stamp !== fileStamp(path) ? undefined : { path, keys: keys.split(' ') };
}

/** What the base leaves out of the tree. */
export function keptOutBy(base: StageRecord | undefined): readonly KeptOut[] {
  return JSON.parse(base?.output['kept out'] ?? '[]');
}
