import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hear } from '../../../../src/host/screen/wave.js';

const RATE = 44_100;

/** A recording of two channels: silence, a tone of this height for so long, silence. */
function recording(hz: number, seconds: number, loud: number): Buffer {
  const samples = Array.from({ length: Math.round(RATE * (seconds + 0.2)) }, (_, i) => {
    const at = i / RATE - 0.1;
    return at < 0 || at > seconds ? 0 : Math.round(Math.sin(2 * Math.PI * hz * at) * loud * 32767);
  });
  const out = Buffer.alloc(44 + samples.length * 4);
  out.write('RIFF', 0, 'latin1');
  out.write('WAVEfmt ', 8, 'latin1');
  out.writeUInt16LE(2, 22);
  out.writeUInt32LE(RATE, 24);
  for (const [i, sample] of samples.entries()) {
    out.writeInt16LE(sample, 44 + i * 4);
    out.writeInt16LE(sample, 46 + i * 4);
  }
  return out;
}

test('a tone: how long, how loud, how high', () => {
  const { seconds, loudness, pitch } = hear(recording(440, 0.5, 0.5));
  assert.ok(Math.abs(seconds - 0.5) < 0.01, String(seconds));
  // A sine at half of full scale: 20 log10(0.5 / sqrt 2).
  assert.ok(Math.abs(loudness + 9.03) < 0.1, String(loudness));
  assert.ok(Math.abs(pitch - 440) < 1, String(pitch));
});

test('silence is nothing, and another file is refused', () => {
  assert.deepEqual(hear(recording(440, 0.5, 0)), {
    seconds: 0,
    loudness: Number.NEGATIVE_INFINITY,
    pitch: 0,
  });
  assert.throws(() => hear(Buffer.alloc(100)), /not a recording/);
});

test('a tone with gaps, as a machine without KVM plays it, has its height still', () => {
  const file = recording(440, 1, 0.5);
  // Ten times 30 ms of silence.
  for (let gap = 0; gap < 10; gap++) {
    const from = 44 + Math.round((0.15 + gap * 0.09) * RATE) * 4;
    file.fill(0, from, from + Math.round(0.03 * RATE) * 4);
  }
  const { pitch } = hear(file);
  assert.ok(Math.abs(pitch - 440) < 2, String(pitch));
});
