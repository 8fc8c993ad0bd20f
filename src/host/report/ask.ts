/** Asking the person at the terminal. */
import { createInterface } from 'node:readline';
import { Interrupted } from '../sys/run.js';

/**
 * Ask a question whose answer is yes unless it begins with n. The end of the input (Ctrl-D) is a no.
 * Throws {@link Interrupted} at Ctrl-C, which a terminal that edits lines hands over as a key, and when `signal` is aborted.
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) throw new Interrupted();
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
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
      // The cursor still stands behind the question.
      if (!answered) process.stderr.write('\n');
      resolve(false);
    });
    prompt.question(`${question} [Y/n] `, (answer) => {
      answered = true;
      resolve(!/^\s*n/i.test(answer));
      prompt.close();
    });
  });
}
