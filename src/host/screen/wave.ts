/** The sound that a machine played: a WAV file as QEMU writes it (16 bits, little endian). Pure. */

export interface Heard {
  /** Seconds from the first to the last sound; 0: silence. */
  readonly seconds: number;
  /** Root mean square of that part, in dB below full scale (0 is the loudest); -Infinity: silence. */
  readonly loudness: number;
  /** The tone's frequency in Hz, whatever gaps it has; 0: silence. */
  readonly pitch: number;
}

/** Samples below this, of 32767, count as silent. */
const SILENT = 64;
/** RIFF's header with one fmt chunk; QEMU writes its sizes only on exit, so the file's own length counts. */
const HEADER = 44;

/** Analyses such a file. Throws if it is of another kind. */
export function hear(file: Buffer): Heard {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error('not a recording from QEMU');
  }
  const channels = file.readUInt16LE(22);
  const rate = file.readUInt32LE(24);
  const frame = channels * 2;
  const count = Math.floor((file.length - HEADER) / frame);
  const sample = (i: number): number => file.readInt16LE(HEADER + i * frame);
  let [first, last] = [-1, -1];
  for (let i = 0; i < count; i++) {
    if (Math.abs(sample(i)) < SILENT) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first < 0) return { seconds: 0, loudness: Number.NEGATIVE_INFINITY, pitch: 0 };
  let squares = 0;
  const periods: number[] = [];
  let rise = -1;
  for (let i = first; i <= last; i++) {
    const [before, now] = [i === first ? 0 : sample(i - 1), sample(i)];
    squares += now ** 2;
    if (before >= 0 || now < 0) continue;
    // Where the line between both samples crosses zero.
    const at = i - now / (now - before);
    if (rise >= 0) periods.push(at - rise);
    rise = at;
  }
  const length = last - first + 1;
  const period = median(periods);
  return {
    seconds: length / rate,
    loudness: 20 * Math.log10(Math.sqrt(squares / length) / 32768),
    pitch: period === undefined ? 0 : rate / period,
  };
}

/** A slow machine's sound has gaps: the most frequent period is the tone's. */
function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
