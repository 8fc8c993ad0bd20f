/** docs/events.md describes every event and its fields, as programs rely on them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from '../cli/cli.js';

test('every kind of event is in the table, with all of its fields', () => {
  const source = readFileSync(join(repository, 'src/host/report/event.ts'), 'utf8');
  const page = readFileSync(join(repository, 'docs/events.md'), 'utf8');
  const rows = new Map(
    [...page.matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm)].map((match) => [match[1], match[2] ?? '']),
  );
  const kinds = [...source.matchAll(/interface \w+Event \{\n([\s\S]*?)\n\}/g)].map(([, body = '']) => ({
    type: /readonly type: '(\w+)'/.exec(body)?.[1] ?? '',
    fields: [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] ?? '').slice(1),
  }));
  assert.equal(kinds.length, 8);
  for (const { type, fields } of kinds) {
    const row = rows.get(type);
    assert.ok(row, `docs/events.md has no ${type}`);
    assert.deepEqual(row.split(', ').sort(), fields.map((field) => `\`${field}\``).sort(), type);
  }
});
