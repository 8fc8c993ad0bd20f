/** The status for people. */
import { lossText } from '../../../core/auto/session.js';
import type { BootTimes, LeftOut, LoadedImage } from '../../../core/boot/record.js';
import { PARAM } from '../../../core/contract.js';
import { shortId } from '../../../core/image/manifest.js';
import { manyLayers } from '../../../core/layers/next-boot.js';
import { composedText, renumberedText } from '../../../core/records/compose-text.js';
import { renderProblem } from '../../../core/result.js';
import { formatDuration } from '../../../core/text/duration.js';
import { quoteName } from '../../../core/text/path.js';
import { formatBytes } from '../../../core/text/size.js';
import { formatMoment } from '../../../core/text/time.js';
import { diskLine } from '../disks.js';
import { layOut } from '../layout.js';
import { autoLines } from './auto.js';
import { identityLines } from './identity.js';
import type { Status } from './status.js';
import { updatesText } from './updates.js';

/** As lines, fitted to the width of a terminal if given. */
export function statusLines(status: Status, columns?: number): string[] {
  const { base, layers, leftOut } = status;
  return layOut(
    [
      { label: 'base', paragraphs: base === undefined ? ['not recorded'] : tellBase(status, base) },
      { label: 'layers', paragraphs: tellLayers(layers, status.composed) },
      { label: 'left out', paragraphs: leftOut.flatMap(tellLeftOut) },
      { label: 'identity', paragraphs: identityLines(status.identity) },
      { label: 'storage', paragraphs: tellStorage(status.storage) },
      { label: 'layers on', paragraphs: tellLayersStorage(status) },
      { label: 'disks', paragraphs: status.disks.map(diskLine) },
      { label: 'times', paragraphs: tellTimes(status.times) },
      { label: 'RAM', paragraphs: tellMemory(status) },
      { label: 'next boot', paragraphs: tellNextBoot(status.nextBoot) },
      { label: 'saving', paragraphs: autoLines(status.auto) },
      { label: 'warnings', paragraphs: [...tellLoss(status), ...status.warnings] },
    ],
    columns,
  );
}

function tellLoss({ lastSession }: Status): string[] {
  const lost = lastSession === undefined ? undefined : lossText(lastSession);
  return lost === undefined ? [] : [lost];
}

/** The image, its file, and its warnings. */
function tellImage(image: LoadedImage): string[] {
  const { id, created, renumbered = [], warnings = [] } = image;
  const facts = [
    ...(image.layer === undefined ? [] : [quoteName(image.layer)]),
    ...(image.name === undefined ? [] : [quoteName(image.name)]),
    ...(created === undefined ? [] : [`made ${formatMoment(created)}`]),
    ...(id === undefined ? [] : [shortId(id)]),
    image.verified ? 'verified' : 'unverified: it has no manifest',
  ];
  const rate = formatBytes(image.unpackedBytes / Math.max(image.seconds, 0.01));
  const { checkSeconds } = image;
  const check = checkSeconds === undefined ? '' : `, ${checkSeconds.toFixed(1)} s of it to check`;
  return [
    facts.join(', '),
    `  ${quoteName(image.file)}, ${formatBytes(image.bytes)}`,
    `  ${formatBytes(image.unpackedBytes)} in RAM, loaded in ${image.seconds.toFixed(1)} s${check}, ${rate}/s`,
    ...renumbered.map((one) => `  ${renumberedText(one)}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
  ];
}

function tellBase({ baseAge, updates }: Status, base: LoadedImage): string[] {
  const old = baseAge === undefined ? [] : [`  built ${formatDuration(baseAge)} ago`];
  return [...tellImage(base), ...old, ...(updates === undefined ? [] : [`  ${updatesText(updates)}`])];
}

function tellLayers(layers: readonly LoadedImage[], composed: readonly string[]): string[] {
  if (layers.length === 0) return ['none applied'];
  return [...layers.flatMap(tellImage), ...(composed.length === 0 ? [] : [composedText(composed)])];
}

function tellLeftOut({ layer, bytes, asked, problem }: LeftOut): string[] {
  const name = `${quoteName(layer)}, ${formatBytes(bytes)}`;
  if (problem === undefined) {
    return [`${name}: ${asked ? `as ${PARAM.layers} requests` : 'no reason was recorded'}`];
  }
  return [name, ...renderProblem(problem).map((line) => `  ${line}`)];
}

function tellStorage(storage: Status['storage']): string[] {
  const { asked, device, type, path, others = [], mountedOn } = storage;
  const now = mountedOn.length === 0 ? 'released: not mounted' : `mounted on ${mountedOn.join(', ')}`;
  return [
    `${quoteName(asked)}: ${device} (${type})`,
    `folder ${quoteName(path)}`,
    ...(others.length === 0 ? [] : [`others of that name: ${others.join(', ')}`]),
    now,
  ];
}

/** The device with layers, if it is another one. */
function tellLayersStorage({ layersStorage }: Status): string[] {
  if (layersStorage === undefined) return [];
  const { asked, device, type, path } = layersStorage;
  const at = device === '' ? 'missing at boot' : `${device} (${type})`;
  return [`${quoteName(asked)}: ${at}`, `folder ${quoteName(path)}`];
}

/** The boot as a timeline: when each phase began, how long it and its parts took. */
export function bootLines({ init, phases, handover }: BootTimes): string[] {
  const line = (start: number | undefined, seconds: number, what: string): string => {
    const at = start === undefined ? '' : `${start.toFixed(2)} s`;
    return `${at.padStart(9)} ${`${seconds.toFixed(2)} s`.padStart(9)}  ${what}`;
  };
  const over = endOf(phases, init);
  return [
    '    start      took',
    line(0, init, 'kernel, until init started'),
    ...phases.flatMap(({ phase, start, seconds, steps = [] }) => [
      line(start, seconds, phase),
      ...steps.filter((one) => one.seconds > 0).map((one) => line(undefined, one.seconds, `  ${one.step}`)),
    ]),
    line(over, Math.max(0, handover - over), 'handover'),
    line(undefined, handover, 'in all, until the system itself started'),
  ];
}

/** When the last phase ended. */
function endOf(phases: BootTimes['phases'], init: number): number {
  const last = phases.at(-1);
  return last === undefined ? init : last.start + last.seconds;
}

/** How long each part took, in a column of seconds. */
function tellTimes({ init, phases, handover }: BootTimes): string[] {
  const over = endOf(phases, init);
  const rows: [number, string][] = [
    [init, 'kernel, until init started'],
    ...phases.map(({ phase, seconds }): [number, string] => [seconds, phase]),
    [Math.max(0, handover - over), 'handover'],
    [handover, 'in all, until the system itself started'],
  ];
  return rows.map(([seconds, what]) => `${seconds.toFixed(2).padStart(7)} s  ${what}`);
}

/** The contents of the RAM file system are indented below it; images that are file systems are beside it. */
function tellMemory({ base, layers, memory, viewed }: Status): string[] {
  const { fileSystem, fresh, largest = [], total, available } = memory;
  const { used, free } = fileSystem;
  const images = [...(base === undefined ? [] : [base]), ...layers];
  const row = ({ layer, unpackedBytes, format }: LoadedImage): [number, string] => {
    const name = layer === undefined ? 'base' : quoteName(layer);
    return [unpackedBytes, format === undefined ? `  ${name}` : `${name}, a file system of its own`];
  };
  const rows: [number | undefined, string][] = [
    [total, `in this machine, ${formatBytes(available)} available`],
    ...images.filter(({ format }) => format !== undefined).map(row),
    [fileSystem.bytes, `RAM file system, ${formatBytes(used)} used, ${formatBytes(free)} free`],
    ...images.filter(({ format }) => format === undefined).map(row),
    [fresh, '  fresh: changed since boot'],
    ...largest.map(({ path, bytes }): [number, string] => [bytes, `    ${quoteName(path)}`]),
  ];
  const lines = rows.flatMap(([bytes, what]) =>
    bytes === undefined ? [] : [`${formatBytes(bytes).padStart(9)}  ${what}`],
  );
  if (fresh !== undefined) return lines;
  return [
    ...lines,
    viewed ? 'only root can see the changes since boot' : 'the changes since boot cannot be seen',
  ];
}

/** RAM for its images, and a warning if that does not fit. */
function tellNextBoot({ bytes, of, fits, images }: Status['nextBoot']): string[] {
  const layers = images.length - 1;
  const what = layers === 0 ? 'the base' : `the base and ${layers} ${layers === 1 ? 'layer' : 'layers'}`;
  const unknown = images.filter(({ unpackedBytes }) => unpackedBytes === undefined);
  const many = manyLayers(layers);
  return [
    `${formatBytes(bytes)} of ${formatBytes(of)} for ${what}`,
    ...unknown.map(({ name }) => `and ${quoteName(name)}, whose size is unknown until it is loaded`),
    ...(many.hint === undefined ? [] : [many.hint]),
    ...(many.warning === undefined ? [] : [`warning: ${many.warning}`]),
    ...(fits ? [] : [`warning: the images do not fit; see ${PARAM.size} and mkma layers`]),
  ];
}
