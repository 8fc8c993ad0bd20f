/**
 * The protocol between a definition's tests and the agent inside the machine (src/host/qemu/agent.sh). Pure.
 */

/** The outcome of a command. */
export interface Reply {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Requests besides a command: to kill the running one, and to shut down. */
export type Verb = 'kill' | 'reboot' | 'poweroff';

/** A line of the agent; `other`: output of something else on the port. */
export type AgentLine =
  | { readonly type: 'ready' }
  | { readonly type: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly type: 'other' };

/** Longest command in bytes: the kernel's limit for one argument is 131072 with the NUL (MAX_ARG_STRLEN). */
export const MAX_COMMAND = 131_071;

/** The prefix of the agent's lines. */
const MARK = 'mkma-test: ';

/** The request to run a command. */
export function runRequest(id: number, command: string): string {
  return `${id} run ${escapeCommand(command)}\n`;
}

/** Any other request. */
export function request(id: number, verb: Verb): string {
  return `${id} ${verb}\n`;
}

/**
 * A command as one word of ASCII, which `printf %b` decodes (POSIX, "printf": \0ddd), so no program has to be
 * started.
 */
export function escapeCommand(command: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(command)) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x5c;
    out += plain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return out;
}

/** Parses a line from the port. */
export function parseAgentLine(line: string): AgentLine {
  const text = line.replace(/\r$/, '');
  if (!text.startsWith(MARK)) return { type: 'other' };
  const [id = '', code = '', stdout = '', stderr = ''] = text.slice(MARK.length).split(' ');
  if (id === 'ready') return { type: 'ready' };
  if (!/^\d+$/.test(id) || !/^\d+$/.test(code) || stdout === '' || stderr === '') return { type: 'other' };
  const reply = { exitCode: Number(code), stdout: decode(stdout), stderr: decode(stderr) };
  return { type: 'reply', id: Number(id), reply };
}

function decode(word: string): string {
  return word === '-' ? '' : Buffer.from(word, 'base64').toString('utf8');
}
