/** A program of its own, for mirror.ts: bootstraps two small packages as a build would, and tells what came of it as JSON. */
import { resolveMachine } from '../../src/host/definition/resolve.js';
import { findReach } from '../../src/host/mirror/reach.js';
import type { Event } from '../../src/host/report/event.js';
import {
  bootstrap,
  LIST,
  mirrorInputs,
  type Part,
  planned,
  TREE,
} from '../../src/host/steps/bootstrap/engine.js';
import { fetchKernel, KERNEL_PACKAGE } from '../../src/host/steps/bootstrap/kernel.js';
import { fetchKeys, keyReader } from '../../src/host/steps/bootstrap/keys.js';
import { repositoryFiles } from '../../src/host/steps/bootstrap/packages.js';
import type { BuildSettings } from '../../src/host/steps/settings.js';
import { splitLogin } from '../../src/host/tools/apt-config.js';
import { type Asked, PACKAGES, type Told } from './mirror.js';

const asked = JSON.parse(process.argv[2] ?? '') as Asked;
const { signal } = new AbortController();
const machine = await resolveMachine({ preset: 'console' });
const reach = await findReach(process.env, asked.proxy, signal);
if (!machine.ok || !reach.ok) throw new Error(JSON.stringify({ machine, reach }));
const main = splitLogin(asked.main);
const { repositories = {}, extra = [] } = asked;
const settings = {
  machine: { ...machine.value.machine, repositories },
  mirrors: {
    main: main.address,
    security: asked.security,
    logins: main.entry === undefined ? [] : [main.entry],
  },
  reach: reach.value,
  architecture: 'amd64',
  cache: asked.cache,
  refresh: false,
  offline: asked.offline,
  lock: asked.lock,
  snapshot: asked.snapshot,
} as unknown as BuildSettings;
const events: Event[] = [];
const emit = (event: Event): void => void events.push(event);
const keys = await fetchKeys(settings, { emit, signal }, asked.pauses);
if (!keys.ok) throw new Error(JSON.stringify(keys));
const { kernel = '' } = asked;
const withKernel = kernel !== '';
const part: Part = {
  stage: 'tools',
  inputs: { ...mirrorInputs(settings, 'tools'), ...(withKernel ? { kernel } : {}) },
  variant: 'extract',
  packages: [...PACKAGES, ...extra],
  files: repositoryFiles(settings.machine, keyReader({ cache: asked.cache })),
  finish: [
    asked.lock === undefined ? `ls "$1/usr/share" > "$MKMA_ENTRY/${LIST}"` : planned(PACKAGES),
    ...(withKernel ? [fetchKernel(kernel)] : []),
  ],
  makes: withKernel ? [TREE, LIST, KERNEL_PACKAGE] : [TREE, LIST],
};
const made = await bootstrap(settings, { emit, signal }, part, asked.pauses);
const problem = made.ok ? undefined : made.problem;
const told: Omit<Told, 'printed'> & { readonly events: readonly Event[] } = {
  code: problem?.code,
  why: problem?.why,
  where: problem?.where,
  next: problem?.next,
  notes: events.flatMap((event) => (event.type === 'note' ? [event.text] : [])),
  warnings: events.flatMap((event) => (event.type === 'warning' ? [event.problem.code] : [])),
  states: events.flatMap((event) => (event.type === 'stage' ? [event.state] : [])),
  path: made.ok ? made.value.path : undefined,
  events,
};
process.stdout.write(JSON.stringify(told));
