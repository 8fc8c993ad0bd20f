/** The stage `system`: whether `chroot/` has to be made, and what is recorded of it. */
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { quoteName } from '../../core/text/path.js';
import { openToAll } from '../customise/tree-logins.js';
import type { Savings } from '../leave-out/leave-out.js';
import type { StageRecord } from '../stages/build-state.js';
import { editedPaths, whySystem } from '../stages/decide.js';
import { idsFact } from '../sys/tree-owner.js';
import { keepTimes } from '../trees/keep-times.js';
import { canOverlay, changesIn, copiedTree, overlayTree } from '../trees/stack.js';
import { digestOfAdded } from './added-modules.js';
import { originOf } from './bootstrap/increments.js';
import { TREE } from './bootstrap/part.js';
import { lackingNodes, nodesFact } from './device-nodes.js';
import { lastNumbers } from './last-numbers.js';
import type { Source } from './sources.js';
import { type BuiltSystem, buildSystem, type Stacking, type SystemSources, systemInputs } from './system.js';
import { runStage, type Work } from './work.js';

/** A tree that later stages read: its path, its fingerprint, and the kernel of its modules. */
export interface Root {
  readonly path: string;
  readonly fingerprint: string;
  readonly release: string;
}

/** The existing tree, if it stays. */
export function presentRoot({ state, tree }: Pick<Work, 'state' | 'tree'>): Omit<Root, 'path'> {
  const fingerprint = tree.state === 'missing' ? '' : tree.fingerprint;
  return { fingerprint, release: state.get('system')?.output['kernel release'] ?? '' };
}

/** Makes the tree, or keeps the existing one. */
export async function systemStage(work: Work, packages: Source): Promise<Result<Root>> {
  const { settings, context, output, state, tree } = work;
  const inputs = systemInputs(settings, packages.id);
  const why = await whySystem(output.path, state, inputs, tree, settings.discardEdits);
  if (!why.ok) return why;
  const kept = state.get('system');
  if (why.value === undefined && kept !== undefined && tree.state !== 'missing') {
    if (tree.state === 'edited') {
      const paths = await editedPaths(output.path, kept.at);
      context.emit({ type: 'note', text: `chroot/ was edited by hand and is packed as it is${paths}` });
    }
    const path = join(output.path, FILES.chroot);
    const open = openToAll(path, settings.machine);
    if (open !== undefined) return err(open);
    return ok({ path, fingerprint: tree.fingerprint, release: kept.output['kernel release'] ?? '' });
  }
  const { entry } = packages;
  if (entry === undefined) throw new Error('the system stage runs without packages');
  const detail = (root: Root): string => `${settings.machine.hostname}, kernel ${root.release}`;
  return runStage(work, 'system', why.value ?? 'not built yet', detail, async () => {
    const sources = { packages: entry, kernel: packages.kernel ?? entry, builds: packages.builds ?? [] };
    const built = await stackSystem(work, sources);
    if (!built.ok) return built;
    const { stack, release, image, kernelId, savings } = built.value;
    work.made.set(FILES.kernel, image);
    const nodes = await lackingNodes(join(originOf(settings.cache, entry).path, TREE), context.signal);
    if (!nodes.ok) return nodes;
    const added = digestOfAdded(stack.root, release);
    const facts = {
      ...{ 'kernel release': release, savings: JSON.stringify(savings) },
      ...(kernelId === undefined ? {} : { 'kernel packages': kernelId }),
      ...(added === '' ? {} : { 'added modules': added }),
      ...nodesFact(nodes.value),
      ...idsFact(),
    };
    // The fingerprint follows once the tree is in its place.
    work.records.system = { inputs, at: new Date().toISOString(), output: facts };
    return ok({ path: stack.root, fingerprint: '', release });
  });
}

/** Makes the tree in an overlay; as a copy where this host has none, or where one cannot do it exactly. */
async function stackSystem(work: Work, sources: SystemSources): Promise<Result<BuiltSystem>> {
  const { settings, context, output } = work;
  const scratch = output.scratch.path;
  const make = (stacking: Stacking): Promise<Result<BuiltSystem>> => {
    // Noted at once: after a failure somebody may want to enter it.
    const noted: Stacking = async (...args) => {
      const mounted = await stacking(...args);
      // A file system of the cache may allow less than that of the images.
      const stacked = mounted.ok || stacking === copiedTree ? mounted : await copiedTree(...args);
      if (stacked.ok) work.stack.current = stacked.value;
      return stacked;
    };
    return buildSystem(settings, sources, scratch, lastNumbers(work), context, noted);
  };
  if (!(await canOverlay(scratch, context.signal))) return make(copiedTree);
  const built = await make(overlayTree);
  if (!built.ok || built.value.stack.upper === undefined) return built;
  const changes = await changesIn(built.value.stack, context.signal);
  if (!changes.ok) return changes;
  const { broken } = changes.value;
  if (broken === undefined) {
    work.stack.changes = changes.value.changes;
    // With SOURCE_DATE_EPOCH images do not have such times.
    // Hooks may make files whose times belong together, such as caches.
    const own = settings.machine.hooks.length + settings.machine.builds.length === 0;
    if (own && settings.sourceDateEpoch === undefined && work.tree.state === 'clean')
      keepTimes(built.value.stack.root, join(output.path, FILES.chroot), changes.value.changes);
    return built;
  }
  await built.value.stack.close();
  const text = `made again as a copy: an overlay would break hard links, at /${quoteName(broken)}`;
  context.emit({ type: 'note', text });
  return make(copiedTree);
}

/** What was left out of the tree; `undefined`: an older mkma made it. */
export function savingsOf(system: StageRecord | undefined): Savings | undefined {
  const text = system?.output.savings;
  return text === undefined ? undefined : JSON.parse(text);
}
