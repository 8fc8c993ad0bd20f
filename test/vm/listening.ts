/** Ports of this host's loopback. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A port with somebody behind it, until it is let go. */
export async function listening() {
  const server = createServer((_, response) => response.end('of the host'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

/** A port that nobody has. */
export async function freePort(): Promise<number> {
  await using free = await listening();
  return free.port;
}
