/** What a machine was heard to play: a WAV file as QEMU writes it (16 bits, little endian). Pure. */

export interface Heard {
  /** Seconds from the first to the last that was not silent; 0: nothing was heard. */
  readonly seconds: number;
  /** Root mean square of that part, in dB below full scale (0 is the loudest); -Infinity: nothing was heard. */
  readonly loudness: number;
  /** The tone's frequency, in Hz; 0: nothing was heard. */
  readonly pitch: number;
}

/** Below this, of 32767, it counts as silent. */
const SILENT = 64;
/** RIFF's header with one fmt chunk; QEMU writes the sizes in it at its end alone, so that the file's own length counts. */
const HEADER = 44;

/** What is in such a file. Throws where it is another. */
export function hear(file: Buffer): Heard {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error('this is no recording of QEMU');
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
  let rises = 0;
  let [begin, end] = [-1, -1];
  for (let i = first; i <= last; i++) {
    squares += sample(i) ** 2;
    if (i > first && sample(i - 1) < 0 && sample(i) >= 0) {
      if (begin < 0) begin = i;
      else rises++;
      end = i;
    }
  }
  const length = last - first + 1;
  return {
    seconds: length / rate,
    loudness: 20 * Math.log10(Math.sqrt(squares / length) / 32768),
    pitch: rises === 0 ? 0 : (rises * rate) / (end - begin),
  };
}
