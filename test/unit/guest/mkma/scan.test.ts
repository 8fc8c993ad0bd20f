/** What persist finds out about the machine, in an order in which nothing that changes meanwhile can be lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printEntry } from '../../../../src/core/archive/tree.js';
import { scanMachine } from '../../../../src/guest/mkma/persist/scan.js';
import type { Finished, RunOptions } from '../../../../src/guest/system.js';
import { entry } from '../../core/entry.js';
import { FakeMachine } from '../fake-machine.js';

const FRESH = '/overlay/fresh';

/** A machine that tells when programs began and ended: those that are only started run until somebody waits for them. */
class WatchedMachine extends FakeMachine {
  readonly events: string[] = [];

  override run(argv: readonly string[], options?: RunOptions): Finished {
    this.events.push(`${argv[0]} begins`, `${argv[0]} has ended`);
    return super.run(argv, options);
  }

  override start(argv: readonly string[], options?: RunOptions): () => Finished {
    this.events.push(`${argv[0]} begins`);
    return () => {
      this.events.push(`${argv[0]} has ended`);
      return super.run(argv, options);
    };
  }
}

test('attributes and mappings are looked at once the listing has ended, side by side', () => {
  const machine = new WatchedMachine();
  machine.answer = ([file]) => (file === 'find' ? { stdout: printEntry(entry('.')) } : undefined);
  scanMachine(machine, { root: '/run/mkma/root', below: '/overlay/base', isMounted: false }, [], false);
  const at = (event: string): number => machine.events.indexOf(event);
  assert.ok(at('find begins') >= 0 && machine.calls[0]?.startsWith(`find ${FRESH} `), machine.calls[0]);
  assert.ok(at('find has ended') < at('getfattr begins'), machine.events.join(', '));
  assert.ok(at('getfattr begins') < at('sh begins') && at('sh begins') < at('getfattr has ended'));
});
