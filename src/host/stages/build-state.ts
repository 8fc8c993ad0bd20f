/** Records what was built from what: a stage runs again only when an input changed, and reports which. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Owner, writeFileWhole } from '../sys/files.js';
import { describeDifferences, differences } from './differences.js';
import type { Inputs } from './inputs.js';

export type { Inputs } from './inputs.js';

export interface StageRecord {
  readonly inputs: Inputs;
  /** When the stage ended, ISO 8601. */
  readonly at: string;
  /** Its outputs, as far as the next build needs them. */
  readonly output: Readonly<Record<string, string>>;
}

/** A digest of all inputs: identifies the result. */
export function digestInputs(inputs: Inputs): string {
  const hash = createHash('sha256');
  for (const key of Object.keys(inputs).sort()) hash.update(JSON.stringify([key, inputs[key]]));
  return hash.digest('hex');
}

/** Why a stage has to run, as text; `undefined` if its record is still valid. */
export function whyRun(record: StageRecord | undefined, inputs: Inputs): string | undefined {
  if (record === undefined) return 'not built yet';
  const changed = describeDifferences(differences(record.inputs, inputs));
  return changed.length === 0 ? undefined : `changed: ${changed.join(', ')}`;
}

/** The records of one output folder, kept in one file. */
export class BuildState {
  private constructor(
    private readonly path: string,
    private readonly records: Map<string, StageRecord>,
    private readonly owner: Owner | undefined,
  ) {}

  /** Reads the records; a missing or unreadable file counts as empty, so everything is built again. */
  static read(path: string, owner?: Owner): BuildState {
    let records: [string, StageRecord][] = [];
    try {
      if (existsSync(path)) records = Object.entries(JSON.parse(readFileSync(path, 'utf8')).stages);
    } catch {
      records = [];
    }
    return new BuildState(path, new Map(records), owner);
  }

  get(stage: string): StageRecord | undefined {
    return this.records.get(stage);
  }

  /** Records stages as built and writes the file; `undefined` removes a stage's record. */
  put(changes: Readonly<Record<string, StageRecord | undefined>>): void {
    for (const [stage, record] of Object.entries(changes)) {
      if (record === undefined) this.records.delete(stage);
      else this.records.set(stage, record);
    }
    const text = JSON.stringify({ version: 1, stages: Object.fromEntries(this.records) }, null, 2);
    writeFileWhole(this.path, `${text}\n`, this.owner);
  }
}
