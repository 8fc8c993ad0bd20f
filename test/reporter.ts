/**
 * What the runner prints: node's own `spec`, and before its summary (which stays the last) what was slow, by kind and by test.
 * A reporter of node:test is a function over its events: https://nodejs.org/api/test.html#custom-reporters
 */
import { rmSync, writeFileSync } from 'node:fs';
import { spec, type TestEvent } from 'node:test/reporters';

import { Times } from './times.js';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const times = new Times();
  const printer = new spec();
  const written: string[] = [];
  printer.on('data', (text: string | Buffer) => written.push(String(text)));
  let told = false;
  for await (const event of source) {
    if ((event.type === 'test:pass' || event.type === 'test:fail') && event.data.nesting === 0) {
      const { name, file, details, skip } = event.data;
      times.add({ name, file: file ?? '', milliseconds: details.duration_ms, skip });
    }
    // The first line of the summary.
    if (!told && event.type === 'test:diagnostic' && /^tests \d+$/.test(event.data.message)) {
      told = true;
      yield* take(written);
      yield times.lines().join('\n');
      // Another user may have written the last one.
      rmSync('.test/times', { force: true });
      writeFileSync('.test/times', `${times.files().join('\n')}\n`);
    }
    printer.write(event);
    yield* take(written);
  }
  await new Promise<void>((resolve) => printer.end(resolve));
  yield* take(written);
}

function* take(written: string[]): Generator<string> {
  for (const text of written.splice(0)) yield text;
}
