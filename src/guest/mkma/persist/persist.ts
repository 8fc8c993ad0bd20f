/** `mkma persist`: chosen changes become a layer. */
import { type Plan, planArchive } from '../../../core/archive-plan.js';
import type { BootRecord } from '../../../core/boot.js';
import { showPath } from '../../../core/change-list.js';
import { type Change, findChanges } from '../../../core/changes.js';
import { err, ok, type Result } from '../../../core/result.js';
import { formatBytes } from '../../../core/size.js';
import { composeLayer, saveSnapshot } from '../../../core/snapshot.js';
import type { RunningMachine } from '../../machine.js';
import { withImages } from '../images-folder.js';
import { rememberNextBoot } from '../next-boot.js';
import { type Choice, chooseChanges } from './choose.js';
import { machineFacts } from './facts.js';
import { unlessInterrupted } from './interrupted.js';
import { checkBudget, type Medium, readMedium } from './medium.js';
import { packLayer } from './pack.js';
import { remember } from './saved.js';
import { type Scan, scanMachine } from './scan.js';
import { type WrittenLayer, writeLayer } from './write.js';

export interface PersistOptions extends Choice {
  /** Say what would be saved, and save nothing. */
  readonly dryRun: boolean;
  /** Added to the layer's name. */
  readonly label?: string | undefined;
  /** zstd level, 1 to 19. */
  readonly level: number;
}

/** What came of it. */
export interface Persisted {
  /** Absent where nothing was to be saved. */
  readonly layer?: Omit<WrittenLayer, 'manifest'> & { readonly id: string };
  readonly changes: readonly Change[];
  /** Bytes of RAM that the layer takes, and the images of the next boot in all. */
  readonly unpackedBytes: number;
  readonly nextBoot: number;
  readonly sockets: readonly string[];
  readonly warnings: readonly string[];
}

/** Save what is chosen. `tell` gets lines about what goes on. */
export function persist(
  machine: RunningMachine,
  record: BootRecord,
  options: PersistOptions,
  tell: (line: string) => void,
): Result<Persisted> {
  const looked = withImages(machine, record, 'read', (folder) => readMedium(machine, record, folder));
  if (!looked.ok) return looked;
  const medium = looked.value;
  const scan = scanMachine(machine, record, medium.saved);
  const found = findChanges(scan.upper, scan.stack, scan.below);
  const sockets = found.filter(({ entry }) => entry?.type === 's').map(({ path }) => path);
  const changes = found.filter(({ entry }) => entry?.type !== 's');
  const left = sockets.map(
    (path) => `left out, since sockets live only as long as their program: ${showPath(path)}`,
  );
  const chosen = changes.length === 0 ? ok([]) : chooseChanges(machine, options, changes, left);
  if (!chosen.ok) return chosen;
  if (chosen.value.length === 0) {
    const nothing = { changes: [], unpackedBytes: 0, nextBoot: 0, sockets };
    return ok({ ...nothing, warnings: medium.warnings });
  }
  return save(machine, record, options, tell, { medium, scan, chosen: chosen.value, sockets });
}

/** Lines about how far it is, where that is worth one. */
function progress(tell: (line: string) => void, { bytes: total }: Plan): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    const share = bytes / total;
    if (total < WORTH_TELLING || share < told + STEP || share >= 1) return;
    told = share;
    tell(`  ${Math.floor(share * 100)} %`);
  };
}

/** Bytes of archive below which no progress is told, and the share after which it is. */
const WORTH_TELLING = 32 * 2 ** 20;
const STEP = 0.1;

interface Found {
  readonly medium: Medium;
  readonly scan: Scan;
  readonly chosen: readonly Change[];
  readonly sockets: readonly string[];
}

function save(
  machine: RunningMachine,
  record: BootRecord,
  options: PersistOptions,
  tell: (line: string) => void,
  { medium, scan, chosen, sockets }: Found,
): Result<Persisted> {
  const content = composeLayer(chosen, scan.upper, scan.below);
  const plan = planArchive(content.tree, scan.devices, { attributes: content.attributes, sparse: true });
  if (!plan.ok) return err({ ...plan.problem, next: 'choose again without it' });
  const { unpackedBytes } = plan.value;
  const budget = checkBudget(record, medium.nextBoot, unpackedBytes);
  if (!budget.ok) return budget;
  const result = { changes: chosen, unpackedBytes, nextBoot: budget.value, sockets };
  if (options.dryRun) return ok({ ...result, warnings: medium.warnings });
  machine.outliveInterrupts();
  tell(
    `packing ${formatBytes(plan.value.bytes)} at level ${options.level}; ` +
      `the next boot will need ${formatBytes(budget.value)} of ${formatBytes(record.ramBytes)}`,
  );
  const start = machine.uptime();
  const write = (folder: string): Result<WrittenLayer> => {
    const base = record.images.find(({ kind }) => kind === 'base')?.id;
    const layer = {
      ...(base === undefined ? {} : { base }),
      ...(medium.after === undefined ? {} : { after: medium.after }),
      ...{ deletions: content.deletions, opaque: [] },
    };
    const facts = { ...machineFacts(machine), layer };
    return writeLayer(machine, {
      folder,
      label: options.label,
      pack: (target) =>
        packLayer(machine, {
          plan: plan.value,
          facts,
          level: options.level,
          target,
          onProgress: progress(tell, plan.value),
        }),
      before: (name, { manifest }) => remember(machine, saveSnapshot(name, manifest.id, content, scan.seen)),
    });
  };
  const written = unlessInterrupted(machine, () => withImages(machine, record, 'write', write));
  if (!written.ok) return written;
  const { manifest, ...layer } = written.value;
  if (medium.takesNew) rememberNextBoot(machine, [...medium.nextBoot, { name: layer.layer, unpackedBytes }]);
  tell(`written in ${(machine.uptime() - start).toFixed(1)} s`);
  return ok({
    ...result,
    layer: { ...layer, id: manifest.id },
    warnings: [...medium.warnings, ...layer.warnings],
  });
}
