/** Asks the person at the terminal. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { Interrupted } from '../sys/run.js';

/**
 * Asks a question whose answer is yes unless it begins with n. The end of the input (Ctrl-D) is a no. Throws
 * {@link Interrupted} at Ctrl-C, which a line-editing terminal passes as a key, and when `signal` is aborted.
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(`${question} [Y/n] `, signal);
  return answer !== undefined && !/^\s*n/i.test(answer);
}

/**
 * Asks for one of some names, by name or number; an empty answer and the end of the input mean the first.
 * Throws {@link Interrupted} as {@link confirm} does.
 */
export async function choose(
  question: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const [first = ''] = names;
  const list = names.map((name, i) => `${i + 1} ${name}`).join(', ');
  for (;;) {
    const answer = ((await ask(`${question} (${list}) [${first}] `, signal)) ?? '').trim();
    const chosen =
      answer === '' ? first : (names[Number(answer) - 1] ?? names.find((name) => name === answer));
    if (chosen !== undefined) return chosen;
  }
}

/**
 * Asks for a word to be typed: whether exactly that was. Throws {@link Interrupted} as {@link confirm} does.
 */
export async function typed(question: string, word: string, signal: AbortSignal): Promise<boolean> {
  return (await ask(`${question} `, signal))?.trim() === word;
}

/**
 * Asks for what is not shown while it is typed; `undefined` at the end of the input. Throws {@link
 * Interrupted} as {@link confirm} does.
 */
export async function secret(question: string, signal: AbortSignal): Promise<string | undefined> {
  process.stderr.write(question);
  // readline keeps the terminal from echoing, and writes what is typed to nowhere.
  const output = new Writable({ write: (_text, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output, terminal: true });
  const answer = await answerOf(prompt, '', signal);
  if (answer !== undefined) process.stderr.write('\n');
  return answer;
}

/** The answer; `undefined` at the end of the input. */
function ask(question: string, signal: AbortSignal): Promise<string | undefined> {
  return answerOf(createInterface({ input: process.stdin, output: process.stderr }), question, signal);
}

async function answerOf(
  prompt: Interface,
  question: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) throw new Interrupted();
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      reject(new Interrupted());
      prompt.close();
    };
    signal.addEventListener('abort', interrupt, { once: true });
    prompt.once('SIGINT', interrupt);
    let answered = false;
    prompt.once('close', () => {
      signal.removeEventListener('abort', interrupt);
      // The cursor is still after the question.
      if (!answered) process.stderr.write('\n');
      resolve(undefined);
    });
    prompt.question(question, (answer) => {
      answered = true;
      resolve(answer);
      prompt.close();
    });
  });
}
