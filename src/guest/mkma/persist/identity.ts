/** `mkma persist --identity`: who the machine is becomes a layer that replaces the one before. */
import type { BootRecord } from '../../../core/boot/record.js';
import { MOST_LAYERS, OVERLAY } from '../../../core/contract.js';
import { appliesOn, type Hardware, type IdentityMark } from '../../../core/identity/mark.js';
import { planArchive } from '../../../core/image/archive-plan.js';
import { identityMark, nameCount } from '../../../core/image/manifest.js';
import { tooMany } from '../../../core/layers/change.js';
import { chosenLayers } from '../../../core/layers/next-boot.js';
import { databaseOf } from '../../../core/records/databases.js';
import {
  NAME_FILES,
  ownersOf,
  parseNames,
  RANGE_FILES,
  type Records,
} from '../../../core/records/records.js';
import { err, ok, type Result } from '../../../core/result.js';
import type { StoredImage } from '../../../core/set/stored.js';
import { quoteName } from '../../../core/text/path.js';
import { hardwareOf } from '../../hardware.js';
import type { RunningSystem } from '../../system.js';
import { withImages } from '../images-folder.js';
import { type Merged, withMerged } from '../merged.js';
import { rememberNextBoot } from '../next-boot.js';
import { readFacts, rememberIdentity } from '../saved-identity.js';
import { VIEW } from '../view.js';
import { machineFacts } from './facts.js';
import { collectIdentity, digestOfLayer, type Identity } from './identity-files.js';
import { readBinding } from './identity-setting.js';
import { unlessInterrupted } from './interrupted.js';
import { checkBudget, type Medium, readMedium } from './medium.js';
import { packLayer } from './pack.js';
import { writeLayer } from './write.js';

/** The result. */
export interface IdentitySaved extends Pick<IdentityMark, 'bound'> {
  /** Absent if nothing was written. */
  readonly layer?: {
    readonly layer: string;
    readonly file: string;
    readonly bytes: number;
    readonly id: string;
  };
  /** The layer that has it already. */
  readonly unchanged?: string;
  /** Layers that it replaces. */
  readonly replaces: readonly string[];
  /** For people. */
  readonly kinds: readonly string[];
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** zstd's: such a layer has a few KiB. */
const LEVEL = 19;
/** At the end of the layer's name. */
const LABEL = 'identity';

/** Saves it, unless it is saved already. */
export function saveIdentity(
  machine: RunningSystem,
  record: BootRecord,
  { dryRun }: { readonly dryRun: boolean },
): Result<IdentitySaved> {
  const bound = readBinding(machine);
  if (!bound.ok) return bound;
  const here = hardwareOf(machine);
  const mark: IdentityMark =
    bound.value === 'machine' && here.digest !== undefined
      ? { bound: 'machine', hardware: here.digest }
      : { bound: bound.value };
  return withMerged(machine, record, (merged) => {
    const identity = collectIdentity(machine, record, merged);
    const looked = withImages(machine, record, 'read', (folder) => readMedium(machine, record, folder));
    if (!looked.ok) return looked;
    const medium = looked.value;
    const replaced = identitiesOf(medium, here);
    const same = replaced.at(-1);
    const files = identity.entries.map(({ path }) => `/${path}`);
    const result = {
      ...{ bound: bound.value, kinds: identity.kinds, files },
      replaces: replaced.map(({ name }) => name),
      warnings: [...medium.warnings, ...uncheckable(mark)],
    };
    if (same !== undefined && isSame(machine, record, same, { mark, identity })) {
      return ok({ ...result, replaces: [], unchanged: same.name });
    }
    if (dryRun || files.length + identity.deletions.length === 0) return ok(result);
    return write(machine, record, { mark, identity, merged, medium, here }, result);
  });
}

function uncheckable({ bound, hardware }: IdentityMark): string[] {
  if (bound !== 'machine' || hardware !== undefined) return [];
  return [
    'the firmware of this machine has no id of its own: the identity is also applied on other machines without one',
  ];
}

/** Layers with an identity that applies here, the lowest first. Those of other machines stay. */
function identitiesOf({ stored }: Medium, here: Hardware): StoredImage[] {
  return stored.layers.filter(({ manifest, disabled, problem }) => {
    const mark = identityMark(manifest);
    return mark !== undefined && !disabled && problem === undefined && appliesOn(mark, here);
  });
}

/** Whether a layer has exactly this identity, as far as this boot knows its content. */
function isSame(
  machine: RunningSystem,
  { images }: BootRecord,
  { manifest, name }: StoredImage,
  { mark, identity }: { readonly mark: IdentityMark; readonly identity: Identity },
): boolean {
  const there = identityMark(manifest);
  if (there?.bound !== mark.bound || there.hardware !== mark.hardware) return false;
  const saved = readFacts(machine);
  if (saved?.id === manifest?.id) return saved?.digest === identity.digest;
  if (!images.some(({ layer, id }) => layer === name && id === manifest?.id)) return false;
  const { deletions = [] } = manifest?.kind === 'layer' ? manifest.layer : {};
  return digestOfLayer(machine, `${VIEW}/${OVERLAY.layers}/${name}`, deletions) === identity.digest;
}

interface ToWrite {
  readonly mark: IdentityMark;
  readonly identity: Identity;
  readonly merged: Merged;
  readonly medium: Medium;
  readonly here: Hardware;
}

/** The new layer lies whole on the medium before the old ones go: of two, the next boot applies the newer. */
function write(
  machine: RunningSystem,
  record: BootRecord,
  { mark, identity, merged, medium: seen, here }: ToWrite,
  result: IdentitySaved,
): Result<IdentitySaved> {
  const { tree, attributes, texts, deletions } = identity;
  const plan = planArchive(tree, new Map(), { attributes, texts, sparse: 'tmpfs' });
  if (!plan.ok) return plan;
  const records = recordsOf(machine, merged, identity);
  const free = isRoots(records);
  const base = record.images.find(({ kind }) => kind === 'base')?.id;
  const layer = {
    ...(base === undefined ? {} : { base }),
    // Numbers of owners are those of the layers below.
    ...(free || seen.after === undefined ? {} : { after: seen.after }),
    ...{ deletions, opaque: [], identity: mark },
  };
  const facts = { ...machineFacts(machine), layer, records };
  machine.outliveInterrupts();
  const done = unlessInterrupted(machine, () =>
    withImages(machine, record, 'write', (folder): Result<IdentitySaved> => {
      const read = readMedium(machine, record, folder);
      if (!read.ok) return read;
      const medium = read.value;
      const old = identitiesOf(medium, here);
      const nextBoot = medium.nextBoot.filter(({ name }) => !old.some((one) => one.name === name));
      const room = checkCount(medium, old);
      if (!room.ok) return room;
      const written = writeLayer(machine, {
        ...{ folder, label: LABEL, before: () => undefined },
        pack: (target) => {
          const options = { format: 'cpio', target, level: LEVEL, onProgress: () => undefined } as const;
          const packed = packLayer(machine, { plan: plan.value, view: merged.root, facts, ...options });
          if (!packed.ok) return packed;
          const [changed] = [...packed.value.changed, ...packed.value.replaced];
          if (changed !== undefined) return err(changing(changed));
          const { manifest } = packed.value;
          const needs = { unpackedBytes: manifest.unpackedBytes, names: nameCount(manifest) };
          const fits = checkBudget(record, nextBoot, needs);
          return fits.ok ? packed : fits;
        },
      });
      if (!written.ok) return written;
      const { manifest, layer: name, file, bytes, warnings } = written.value;
      const { digest, entries, kinds } = identity;
      rememberIdentity(
        machine,
        { layer: name, bound: mark.bound, kinds },
        { id: manifest.id, digest, entries },
      );
      const added = { name, unpackedBytes: manifest.unpackedBytes, names: nameCount(manifest) };
      if (medium.takesNew) rememberNextBoot(machine, [...nextBoot, added]);
      const left = remove(machine, folder, old);
      return ok({
        ...result,
        layer: { layer: name, file, bytes, id: manifest.id },
        replaces: old.map((one) => one.name),
        warnings: [...result.warnings, ...warnings, ...left],
      });
    }),
  );
  return done;
}

/** Whether all of a layer's files are root's. */
function isRoots({ owners }: Records): boolean {
  const { users = {}, groups = {} } = owners ?? {};
  return Object.keys(users).length + Object.keys(groups).length === 0;
}

/** Of accounts it has the names of its files' owners alone. */
function recordsOf(machine: RunningSystem, { root }: Merged, { tree, attributes }: Identity): Records {
  const text = (path: string): string => machine.readText(`${root}/${path}`) ?? '';
  const ranges = (path: string) => databaseOf(path)?.parse(text(path)) ?? new Map<string, string>();
  const owners = ownersOf(tree, attributes, {
    users: parseNames(text(NAME_FILES.users)),
    groups: parseNames(text(NAME_FILES.groups)),
    ranges: { users: ranges(RANGE_FILES.users), groups: ranges(RANGE_FILES.groups) },
    primary: [],
  });
  return { files: {}, below: {}, owners };
}

function checkCount({ stored, takesNew }: Medium, old: readonly StoredImage[]): Result<void> {
  const others = chosenLayers(stored).filter((one) => !old.includes(one));
  if (!takesNew || others.length < MOST_LAYERS) return ok();
  const { next, ...problem } = tooMany(others.length);
  return err({ ...problem, next: `${next}; nothing was saved` });
}

function changing(path: string) {
  return {
    code: 'files-changing',
    what: 'a file was changed or replaced while it was read',
    where: quoteName(`/${path}`),
    next: 'run mkma persist --identity again; nothing was saved',
  } as const;
}

/** Removes replaced layers; returns warnings about those that stay, which boots leave out. */
function remove(machine: RunningSystem, folder: string, old: readonly StoredImage[]): string[] {
  if (old.length === 0) return [];
  const removed = machine.run(['rm', '--', ...old.map(({ file }) => `${folder}/${file}`)]);
  const flushed = machine.run(['sync', folder]);
  const failed = [removed, flushed].find(({ code }) => code !== 0);
  if (failed === undefined) return [];
  const names = old.map(({ name }) => quoteName(name)).join(', ');
  return [`could not remove what it replaces (${names}), which boots leave out: ${failed.stderr.trim()}`];
}
