/** The stage `system`: whether `chroot/` has to be made, and what is recorded of it. */
import { join } from 'node:path';
import { FILES } from '../../core/contract.js';
import { err, ok, type Result } from '../../core/result.js';
import { openToAll } from '../customise/tree-logins.js';
import type { Savings } from '../leave-out/leave-out.js';
import type { StageRecord } from '../stages/build-state.js';
import { editedPaths, whySystem } from '../stages/decide.js';
import { fingerprint } from '../stages/fingerprint.js';
import { digestOfAdded } from './added-modules.js';
import { lastNumbers } from './last-numbers.js';
import type { Source } from './sources.js';
import { buildSystem, systemInputs } from './system.js';
import { runStage, type Work } from './work.js';

/** A tree that later stages read: its path, its fingerprint, and the kernel of its modules. */
export interface Root {
  readonly path: string;
  readonly fingerprint: string;
  readonly release: string;
}

/** The existing tree, if it stays. */
export function presentRoot({ state, tree }: Work): Omit<Root, 'path'> {
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
    const last = lastNumbers(work);
    const built = await buildSystem(settings, sources, output.scratch.path, last, context);
    if (!built.ok) return built;
    const { root, release, image, savings } = built.value;
    const print = await fingerprint(root, context.signal);
    if (!print.ok) return print;
    work.made.set(FILES.chroot, root);
    work.made.set(FILES.kernel, image);
    const added = digestOfAdded(root, release);
    const facts = {
      ...{ fingerprint: print.value, 'kernel release': release, savings: JSON.stringify(savings) },
      ...(added === '' ? {} : { 'added modules': added }),
    };
    work.records.system = { inputs, at: new Date().toISOString(), output: facts };
    return ok({ path: root, fingerprint: print.value, release });
  });
}

/** What was left out of the tree; `undefined`: an older mkma made it. */
export function savingsOf(system: StageRecord | undefined): Savings | undefined {
  const text = system?.output.savings;
  return text === undefined ? undefined : JSON.parse(text);
}
