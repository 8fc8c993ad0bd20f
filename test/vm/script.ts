/** Scripts for the shell inside a machine that are longer than a line typed at a terminal may be (4,096 bytes). */
import type { Outcome, Vm } from './harness.js';

/** Run a script by sh in the machine; returns what it printed on both streams. */
export async function runScript(vm: Vm, text: string, seconds = 180): Promise<Outcome> {
  await putScript(vm, '/run/script', text);
  return vm.sh('sh /run/script', seconds);
}

/** Write an executable file in the machine. */
export async function putScript(vm: Vm, path: string, text: string): Promise<void> {
  const encoded = Buffer.from(text).toString('base64');
  await vm.ask(': >/run/encoded');
  for (let at = 0; at < encoded.length; at += 700) {
    await vm.ask(`printf %s ${encoded.slice(at, at + 700)} >>/run/encoded`);
  }
  await vm.ask(`base64 -d /run/encoded >${path}; chmod +x ${path}`);
}
