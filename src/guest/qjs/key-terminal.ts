/** A terminal that reads single keys, without waiting for them and without showing them. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import { encodeName } from '../../core/text/path.js';
import type { KeyTerminal } from '../system.js';
import { run } from './run.js';

/** Not to become this program's controlling terminal (open(2); Linux, asm-generic/fcntl.h). */
const O_NOCTTY = 0o400;
/** Bytes per read: more than anybody types at once. */
const PIECE = 256;
/**
 * Keys one by one; reading does not wait (termios(3), "MIN == 0, TIME == 0"); Ctrl-C is a key like others.
 */
const KEYS = ['-icanon', '-echo', '-isig', 'min', '0', 'time', '0'];

export function openTerminal(path: string): KeyTerminal | undefined {
  const before = run(['stty', '-F', path, '-g'], { mayLack: true });
  const fd = before.code === 0 ? os.open(path, os.O_RDWR | O_NOCTTY) : -1;
  if (fd < 0 || run(['stty', '-F', path, ...KEYS], { mayLack: true }).code !== 0) {
    if (fd >= 0) os.close(fd);
    return undefined;
  }
  const buffer = new Uint8Array(PIECE);
  return {
    path,
    read() {
      const count = os.read(fd, buffer.buffer, 0, PIECE);
      const typed = count > 0 ? buffer.slice(0, count) : new Uint8Array(0);
      buffer.fill(0);
      return typed;
    },
    write(text) {
      const bytes = encodeName(text);
      os.write(fd, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
    },
    close() {
      run(['stty', '-F', path, before.stdout.trim()], { mayLack: true });
      os.close(fd);
    },
  };
}
