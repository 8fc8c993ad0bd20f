/** The script that a machine under test runs, and the disk that carries it: a bare tar archive. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.js';
import type { Context } from '../context.js';
import { COMPILED } from '../installed.js';
import { shellQuote } from '../sys/command.js';
import { run } from '../sys/run.js';
import type { ExpectedServices } from './services.js';
import { AGENT_PORT, TEST_SCRIPT } from './test-unit.js';

/** The checks, and what follows: the machine powers off, or serves a definition's tests. */
export function checksScript(
  services: ExpectedServices,
  seconds: number,
  then: 'poweroff' | 'agent',
): string {
  const { always, enabled } = services;
  const lists = `SERVICES=${shellQuote(always.join(' '))}\nENABLED=${shellQuote(enabled.join(' '))}\n`;
  const settings = `printf '\\nbegin\\n'\n${lists}LIMIT=${waitInside(seconds)}\n`;
  return `${settings}${source('checks.sh')}${then === 'agent' ? agent() : 'systemctl poweroff\n'}`;
}

/** For a boot without checks: once it is up, the machine serves a definition's tests. */
export function agentScript(seconds: number): string {
  const up = `timeout ${waitInside(seconds)} systemctl is-system-running --wait >/dev/null\n`;
  return `${up}${agent()}`;
}

/** Packs the script for the machine; no running machine may have the file as its disk. Returns its path. */
export async function packScript(
  folder: string,
  script: string,
  { signal }: Pick<Context, 'signal'>,
): Promise<Result<string>> {
  writeFileSync(join(folder, TEST_SCRIPT), script);
  const file = join(folder, 'checks.tar');
  const packed = await run(
    { file: 'tar', args: ['--create', '--file', file, '--directory', folder, TEST_SCRIPT] },
    { signal },
  );
  return packed.ok ? ok(file) : packed;
}

function agent(): string {
  return `PORT=${AGENT_PORT}\n${source('agent.sh')}`;
}

function source(name: string): string {
  return readFileSync(join(COMPILED, 'src/host/qemu', name), 'utf8');
}

/**
 * The wait inside the machine ends before the host's, so that the machine can still report what it waited
 * for.
 */
function waitInside(seconds: number): number {
  return Math.round(seconds * 0.7);
}
