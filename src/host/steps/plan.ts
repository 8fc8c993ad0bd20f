/** What a build would do, without doing any of it: nothing is fetched, locked or written. */
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { ok, type Problem, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { BuildState } from '../stages/build-state.js';
import { editedPaths, type TreeState, treeState, whySystem } from '../stages/decide.js';
import { differences } from '../stages/differences.js';
import { recordsFile } from '../stages/publishing.js';
import { lookAtBase } from './base-stage.js';
import { kernelOf, lookAtInitramfs } from './initramfs-stage.js';
import { planSources, planTools, type SourcesPlan } from './plan-sources.js';
import type { PlannedStage } from './planned-stage.js';
import { SBOM } from './sbom-stage.js';
import type { BuildSettings } from './settings.js';
import { systemInputs } from './system.js';
import { presentRoot } from './system-stage.js';
import type { Recorded } from './work.js';

export interface Plan {
  readonly stages: readonly PlannedStage[];
  /** Why the build would end before it begins. */
  readonly refused?: Problem;
  readonly notes: readonly string[];
}

const VERSIONS = 'package versions';

/** Plans a build into the folder `path`, which need not exist. */
export async function planBuild(
  settings: BuildSettings,
  path: string,
  context: Context,
): Promise<Result<Plan>> {
  const state = BuildState.read(recordsFile(path));
  const recorded: Recorded = { settings, state, output: { path } };
  const looked = await lookAtTree(recorded, context);
  const { tree } = looked;
  const system = state.get('system');
  const versions = system?.inputs[VERSIONS] ?? '';
  const { discardEdits, refresh } = settings;
  const why = await whySystem(path, state, systemInputs(settings, versions), tree, discardEdits);
  if (!why.ok) return ok({ stages: [], refused: why.problem, notes: looked.notes });
  const needed = refresh || why.value !== undefined;
  const sources = needed ? planSources(settings, system?.inputs ?? {}) : undefined;
  const stages: PlannedStage[] = [...(sources?.stages ?? [])];
  const own = await planSystem(recorded, tree, sources, why.value);
  const rest = planRest(recorded, tree, own, sources);
  return ok({ stages: [...stages, ...rest.tools, own, ...rest.stages], notes: looked.notes });
}

/** `chroot/` as it is; where it cannot be read, as it was recorded. */
async function lookAtTree({ state, output }: Recorded, { signal }: Context) {
  const found = await treeState(output.path, state, signal);
  const at = state.get('system')?.at;
  if (found.ok) {
    const edited = found.value.state === 'edited';
    const paths = edited ? await editedPaths(output.path, at) : '';
    return { tree: found.value, notes: edited ? [`chroot/ was edited by hand${paths}`] : [] };
  }
  const fingerprint = state.get('system')?.output.fingerprint ?? '';
  const tree: TreeState = { state: 'clean', fingerprint };
  const { what, why = '' } = found.problem;
  const last = why.split('\n').at(-1) ?? '';
  return {
    tree,
    notes: [`whether chroot/ was edited by hand is not known: ${what}${last === '' ? '' : `: ${last}`}`],
  };
}

async function planSystem(
  { settings, state, output }: Recorded,
  tree: TreeState,
  sources: SourcesPlan | undefined,
  why: string | undefined,
): Promise<PlannedStage> {
  const record = state.get('system');
  const kept = { stage: 'system', differences: [], ...(record === undefined ? {} : { at: record.at }) };
  if (sources === undefined) return { ...kept, does: 'keep' };
  const known = sources.id;
  const inputs = systemInputs(settings, known ?? record?.inputs[VERSIONS] ?? '');
  const present = await whySystem(output.path, state, inputs, tree, true);
  const found = present.ok ? present.value : why;
  const all = record === undefined ? [] : differences(record.inputs, inputs);
  if (found !== undefined || why !== undefined)
    return { stage: 'system', does: 'make', why: found ?? why ?? '', differences: all };
  if (known !== undefined) return { ...kept, does: 'keep' };
  return { ...kept, does: 'perhaps', why: 'if the mirror has other versions of its packages' };
}

/** The tools if they are needed, and the stages behind the system. */
function planRest(
  recorded: Recorded,
  tree: TreeState,
  system: PlannedStage,
  sources: SourcesPlan | undefined,
) {
  const { settings, state, output } = recorded;
  const toolsId = state.get('initramfs')?.inputs['tools versions'] ?? '';
  const chroot = join(output.path, FILES.chroot);
  const root = presentRoot({ state, tree });
  const record = state.get('system');
  const before = kernelOf(record);
  const erofs = settings.machine.format === 'erofs';
  const needTools =
    sources !== undefined ||
    lookAtInitramfs(recorded, toolsId, before, chroot).why !== undefined ||
    (erofs && lookAtBase(recorded, toolsId, root).why !== undefined);
  const tools = needTools ? planTools(settings) : undefined;
  const id = tools === undefined ? toolsId : tools.id;
  const versions = sources?.id;
  // Made again, the tree has the kernel that its packages come with.
  const inputs = versions === undefined ? record?.inputs : systemInputs(settings, versions);
  const kernel = record === undefined ? before : kernelOf({ ...record, inputs: inputs ?? {} });
  const unknown = (sources !== undefined && versions === undefined) || id === undefined;
  const initramfs = looked('initramfs', recorded, lookAtInitramfs(recorded, id ?? toolsId, kernel, chroot), {
    perhaps: unknown ? 'if what is fetched has other versions of its programs or of the kernel' : undefined,
  });
  const base = looked('base', recorded, lookAtBase(recorded, id ?? toolsId, root), {
    certain: system.does === 'make' ? 'chroot/ is made again' : undefined,
    perhaps: system.does === 'perhaps' ? 'if chroot/ is made again' : undefined,
  });
  const microcode = state.get('microcode');
  const own: PlannedStage[] =
    microcode === undefined
      ? []
      : [
          looked(
            'microcode',
            recorded,
            { inputs: microcode.inputs, why: undefined },
            {
              perhaps: system.does === 'keep' ? undefined : 'if it differs in the new tree',
            },
          ),
        ];
  const list = planList(recorded, base, id === undefined);
  return { tools: tools?.stages ?? [], stages: [initramfs, ...own, base, list] };
}

/** The list of packages is made with each base, and with other tools. */
function planList({ state }: Recorded, base: PlannedStage, otherTools: boolean): PlannedStage {
  const record = state.get(SBOM);
  const stage = { stage: SBOM, differences: [] };
  if (record === undefined) return { ...stage, does: 'make', why: 'not built yet' };
  if (base.does === 'make') return { ...stage, does: 'make', why: 'the base is made again' };
  const perhaps = base.does === 'perhaps' || otherTools;
  if (perhaps) return { ...stage, does: 'perhaps', why: 'if the base is, or early boot has other programs' };
  return { ...stage, does: 'keep', at: record.at };
}

/** A stage of which its inputs are known, unless one before it decides. */
function looked(
  stage: string,
  { state }: Recorded,
  { inputs, why }: { readonly inputs: Readonly<Record<string, string>>; readonly why: string | undefined },
  { certain, perhaps }: { readonly certain?: string | undefined; readonly perhaps?: string | undefined },
): PlannedStage {
  const record = state.get(stage);
  const all = record === undefined ? [] : differences(record.inputs, inputs);
  const because = why ?? certain;
  if (because !== undefined) return { stage, does: 'make', why: because, differences: all };
  const at = record === undefined ? {} : { at: record.at };
  if (perhaps !== undefined) return { stage, does: 'perhaps', why: perhaps, differences: [], ...at };
  return { stage, does: 'keep', differences: [], ...at };
}
