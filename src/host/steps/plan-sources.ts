/** Which of a build's sources are in the cache, and which a build would fetch. */
import type { Inputs } from '../stages/build-state.js';
import { type CacheEntry, peekEntry } from '../stages/cache.js';
import { differences } from '../stages/differences.js';
import { kernelReleaseIn, ownSuiteInputs } from './bootstrap/kernel.js';
import { packagesInputs } from './bootstrap/packages.js';
import { toolsInputs } from './bootstrap/tools.js';
import { inputsOfBuild } from './builds.js';
import { knownRelease } from './kernel.js';
import type { PlannedStage } from './planned-stage.js';
import type { BuildSettings } from './settings.js';

export interface SourcesPlan {
  readonly stages: readonly PlannedStage[];
  /** Identifies all of them together; `undefined`: known once they are fetched. */
  readonly id: string | undefined;
}

interface Looked {
  readonly plan: PlannedStage;
  readonly entry: CacheEntry | undefined;
}

/** Packages, kernel and builds. `last`: inputs of the present tree, which contain those of its packages. */
export function planSources(settings: BuildSettings, last: Inputs): SourcesPlan {
  const inputs = packagesInputs(settings);
  const packages = look(settings, 'packages', 'packages', inputs, shared(last, inputs));
  const ofKernel = ownSuiteInputs(settings);
  const kernel = ofKernel === undefined ? [] : [look(settings, 'kernel', 'kernel', ofKernel)];
  const source = kernel[0] ?? packages;
  const release =
    knownRelease(settings) ?? (source.entry === undefined ? undefined : kernelReleaseIn(source.entry));
  const builds = settings.machine.builds.map((build) =>
    look(settings, `build ${build.name}`, 'build', inputsOfBuild(settings, build, release)),
  );
  return together([packages, ...kernel, ...builds]);
}

/** Early boot's programs. */
export function planTools(settings: BuildSettings): SourcesPlan {
  return together([look(settings, 'tools', 'tools', toolsInputs(settings))]);
}

function together(all: readonly Looked[]): SourcesPlan {
  const ids = all.flatMap(({ entry }) => (entry === undefined ? [] : [entry.id]));
  return { stages: all.map(({ plan }) => plan), id: ids.length < all.length ? undefined : ids.join(' ') };
}

/** `before`: the same inputs as they were when what there is was made, where that is known. */
function look(
  { cache, refresh }: BuildSettings,
  stage: string,
  kind: string,
  inputs: Inputs,
  before?: { readonly last: Inputs; readonly now: Inputs },
): Looked {
  const entry = refresh ? undefined : peekEntry(cache, kind, inputs);
  if (entry !== undefined) return { plan: { stage, does: 'reuse', differences: [], at: entry.at }, entry };
  const why = refresh ? '--refresh asks for it' : 'not in the cache';
  const found = before === undefined ? [] : differences(before.last, before.now);
  // What Debian does not package is made here, of what its sources are.
  const does = kind === 'build' ? 'make' : 'fetch';
  return { plan: { stage, does, why, differences: found }, entry };
}

/** The inputs that both stages have under one name; mkma's own recipes are numbered for each of them. */
function shared(last: Inputs, inputs: Inputs) {
  if (Object.keys(last).length === 0) return undefined;
  const names = [...new Set([...Object.keys(inputs), ...Object.keys(last).filter(isOfPackages)])];
  const only = (of: Inputs): Inputs =>
    Object.fromEntries(
      names.flatMap((name) => (name !== 'recipe' && of[name] !== undefined ? [[name, of[name]]] : [])),
    );
  return { last: only(last), now: only(inputs) };
}

/** Inputs of packages that are absent unless they are set. */
function isOfPackages(name: string): boolean {
  return name === 'recommends' || name === 'excluded' || name.startsWith('repositories: ');
}
