/** The stage `initramfs`: whether early boot has to be made. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Result } from '../../core/result.js';
import { formatBytes } from '../../core/text/size.js';
import { buildInitramfs, bytesFacts, initramfsInputs, type PackedInitramfs } from '../initramfs/build.js';
import { step } from '../stage.js';
import type { StageRecord } from '../stages/build-state.js';
import { whyFiles } from '../stages/decide.js';
import { toolsInputs } from './bootstrap/tools.js';
import type { Root } from './system-stage.js';
import type { ToolsTree } from './tools-tree.js';
import { type Recorded, runStage, type Work } from './work.js';

/** Identifies the kernel whose modules the initramfs takes. */
export function kernelOf(system: StageRecord | undefined): string {
  const { inputs, output } = system ?? {};
  const less = inputs?.without?.includes('modules') === true ? ` without ${inputs.hardware}` : '';
  const added = output?.['added modules'];
  const more = added === undefined ? '' : ` with ${added}`;
  const packages = output?.['kernel packages'] ?? inputs?.['package versions'];
  return `${output?.['kernel release']} ${inputs?.kernel} ${packages}${less}${more}`;
}

/** The initramfs's inputs with the tree at `root`, and why it has to be made; `undefined`: it stays. */
export function lookAtInitramfs(
  { settings, state, output }: Recorded,
  toolsId: string,
  kernel: string,
  root: string,
) {
  const inputs = initramfsInputs(settings, { id: toolsId, inputs: toolsInputs(settings) }, kernel, root);
  const missing = existsSync(join(output.path, FILES.initramfsTree)) ? undefined : 'initramfs/ is missing';
  return { inputs, why: whyFiles(state, 'initramfs', inputs, output.path) ?? missing };
}

/** Makes tree and file, or keeps the existing ones. */
export async function initramfsStage(
  work: Work,
  toolsId: string,
  tools: ToolsTree,
  root: Root,
): Promise<Result<void>> {
  const { settings, context, output, state } = work;
  const kernel = kernelOf(work.records.system ?? state.get('system'));
  const { inputs, why } = lookAtInitramfs(work, toolsId, kernel, root.path);
  if (why === undefined) return ok();
  const detail = ({ size }: PackedInitramfs): string => formatBytes(size);
  const made = await runStage(work, 'initramfs', why, detail, async () => {
    const tree = await step(context, 'initramfs', 'unpacking the tools', () => tools.root());
    if (!tree.ok) return tree;
    return buildInitramfs(settings, tree.value, root.path, root.release, output.scratch.path, context);
  });
  if (!made.ok) return made;
  for (const name of [FILES.initramfsTree, FILES.initramfs])
    work.made.set(name, join(output.scratch.path, name));
  work.records.initramfs = { inputs, at: new Date().toISOString(), output: bytesFacts(made.value.bytes) };
  return ok();
}
