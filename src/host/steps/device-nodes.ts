/** The device nodes of a cached tree, which only root of the host can make. */
import { type DeviceNode, nodesOfTarball } from '../../core/archive/device-nodes.js';
import { ok, type Result } from '../../core/result.js';
import type { StageRecord } from '../stages/build-state.js';
import { runBytes } from '../sys/run.js';
import { inUserNamespace } from '../sys/user-namespace.js';

/** Name of the list in the record of the stage that unpacked the tree. */
const NODES = 'device nodes';

/** Bytes of a tarball's beginning that surely hold its device nodes: mmdebstrap(1) writes 15 headers. */
const START = 64 * 1024;
/** zstd ends by SIGPIPE once head has enough. */
const HEAD = `zstd -dcq -- "$1" | head -c ${START}`;

/**
 * Those of the tree in a tarball that cannot be unpacked here, since this process lives in a user namespace.
 * None where it does not.
 */
export async function lackingNodes(tarball: string, signal: AbortSignal): Promise<Result<DeviceNode[]>> {
  if (!inUserNamespace()) return ok([]);
  const start = await runBytes({ file: 'sh', args: ['-c', HEAD, 'sh', tarball] }, { signal });
  return start.ok ? ok(nodesOfTarball(start.value)) : start;
}

/** What the record of a stage says of them, and what reads it again. */
export function nodesFact(nodes: readonly DeviceNode[]): Record<string, string> {
  return nodes.length === 0 ? {} : { [NODES]: JSON.stringify(nodes) };
}

/** The nodes that the recorded tree lacks. */
export function recordedNodes(record: StageRecord | undefined): readonly DeviceNode[] {
  const text = record?.output[NODES];
  return text === undefined ? [] : (JSON.parse(text) as DeviceNode[]);
}
