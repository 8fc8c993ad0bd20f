/** The identity that this boot has saved. */
import { printEntry, type TreeEntry } from '../../core/archive/tree.js';
import type { BootRecord } from '../../core/boot/record.js';
import type { Binding } from '../../core/identity/mark.js';
import { machineIdOf } from '../hardware.js';
import type { GuestSystem } from '../system.js';
import type { Merged } from './merged.js';
import { readNextBoot } from './next-boot.js';

/** For everybody. */
const FILE = '/run/mkma/identity.json';
/** For root: digests of keys, however little they show. */
const FOLDER = '/run/mkma/identity';
const FACTS = `${FOLDER}/saved.json`;

/** What everybody may know. */
export interface SavedIdentity {
  readonly layer: string;
  readonly bound: Binding;
  /** For people. */
  readonly kinds: readonly string[];
}

interface Facts {
  readonly id: string;
  readonly digest: string;
  /** Its files by path, as {@link factsOf} prints them. */
  readonly files: Readonly<Record<string, string>>;
}

/** Remembers it; a lack of room for that does not make the completed work a failure. */
export function rememberIdentity(
  machine: GuestSystem,
  saved: SavedIdentity,
  { entries, ...facts }: Omit<Facts, 'files'> & { readonly entries: readonly TreeEntry[] },
): void {
  const files = Object.fromEntries(entries.map((entry) => [entry.path, factsOf(entry)]));
  machine.makeFolder(FOLDER);
  const written =
    machine.write(FACTS, JSON.stringify({ ...facts, files })) && machine.write(FILE, JSON.stringify(saved));
  if (!written) machine.run(['rm', '-rf', FACTS, FILE]);
}

/** What this boot has saved, unless its layer was dropped or disabled since. */
export function readSavedIdentity(machine: GuestSystem, record: BootRecord): SavedIdentity | undefined {
  const saved = parse<SavedIdentity>(machine.readText(FILE));
  const isThere = readNextBoot(machine, record).some(({ name }) => name === saved?.layer);
  return isThere ? saved : undefined;
}

/** The layer's id, and the digest of what it consists of. */
export function readFacts(machine: GuestSystem): Facts | undefined {
  return parse<Facts>(machine.readText(FACTS));
}

/**
 * Whether a file is as saved with the machine's identity, or as each boot derives it from the firmware: rules
 * that drop it lose nothing.
 */
export function isKnownIdentity(
  machine: GuestSystem,
  record: BootRecord,
  { root }: Merged,
): (path: string, entry: TreeEntry | undefined) => boolean {
  const { identity } = record;
  const isThere = readSavedIdentity(machine, record) !== undefined;
  const files = isThere ? (readFacts(machine)?.files ?? {}) : {};
  const isDerived = (path: string): boolean =>
    path === 'etc/machine-id' &&
    identity?.machineId === 'firmware' &&
    machine.readText(`${root}/${path}`)?.trim() === machineIdOf(machine);
  return (path, entry) =>
    entry !== undefined &&
    ((Object.hasOwn(files, path) && files[path] === factsOf(entry)) || isDerived(path));
}

/** What of an entry changes with the file, wherever it is seen. */
function factsOf(entry: TreeEntry): string {
  return printEntry({ ...entry, ino: '', fileSystem: '', nlink: 1, allocated: 0 });
}

function parse<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
