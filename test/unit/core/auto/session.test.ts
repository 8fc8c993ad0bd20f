import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lossText, parseSessionMark, type SessionMark } from '../../../../src/core/auto/session.js';

const MARK: SessionMark = { format: 1, boot: 'b', began: '2026-11-26T08:00:00.000Z', ended: 'open' };

test('a mark survives its text, and what is none is no mark', () => {
  const mark = { ...MARK, saved: '2026-11-26T09:00:00.000Z', ended: 'failed', why: 'no room' } as const;
  assert.deepEqual(parseSessionMark(JSON.stringify(mark)), mark);
  for (const wrong of ['', 'null', '[]', '{"format":2}', JSON.stringify({ ...MARK, ended: 'no' })])
    assert.equal(parseSessionMark(wrong), undefined, wrong);
  assert.equal(parseSessionMark(JSON.stringify({ ...MARK, why: 1 })), undefined);
});

test('what was lost is said with its times and its reason', () => {
  assert.equal(lossText({ ...MARK, ended: 'saved' }), undefined);
  assert.equal(
    lossText({
      ...MARK,
      saved: '2026-11-26T09:30:00.000Z',
      ended: 'failed',
      why: 'the storage device is full',
    }),
    'the last session, from 2026-11-26 08:00 UTC: changes after 2026-11-26 09:30 UTC were not saved: the storage device is full',
  );
  assert.match(lossText(MARK) ?? '', /nothing of it was saved: it ended without a shutdown/);
});
