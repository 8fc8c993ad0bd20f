/** Asking the person at the terminal. */
import { createInterface } from 'node:readline/promises';

/** Ask a question whose answer is yes unless it begins with n. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} [Y/n] `, { signal });
    return !/^\s*n/i.test(answer);
  } finally {
    prompt.close();
  }
}
