/** The machine on QuickJS. Only this folder and the packer import the engine's modules. */
// biome-ignore lint/style/useNodejsImportProtocol: QuickJS's module of that name, not Node's.
import * as os from 'os';
import * as std from 'std';
import type { GuestSystem } from '../system.js';
import { enterEnvironment } from './environment.js';
import { info, link, makeFolder, readAt, readText, write } from './files.js';
import { OwnJobs } from './jobs.js';
import { openTerminal } from './key-terminal.js';
import { pipelines } from './pipelines.js';
import { run } from './run.js';

/** The machine that QuickJS runs on. */
export function quickjsMachine(): GuestSystem {
  // Words on the kernel command line are environment variables of early boot, LANG= among them.
  enterEnvironment();
  const jobs = new OwnJobs();
  return {
    run,
    pipelines: (list, limit, onEnd) => pipelines(jobs, list, limit, onEnd),
    readText,
    readAt,
    write,
    makeFolder,
    link,
    info,
    readlink(path) {
      const [target, errno] = os.readlink(path);
      return errno === 0 ? target : undefined;
    },
    list(path) {
      const [names, errno] = os.readdir(path);
      return errno === 0 ? names.filter((name) => name !== '.' && name !== '..').sort() : undefined;
    },
    uptime: () => Number.parseFloat(readText('/proc/uptime') ?? '0'),
    sleep(milliseconds) {
      os.sleep(milliseconds);
    },
    print,
    // cttyhack opens the console in use as the controlling terminal, which enables job control and Ctrl-C.
    shell() {
      os.exec(['setsid', 'cttyhack', 'sh'], { block: true, cwd: '/' });
    },
    openTerminal,
  };
}

/** /dev/console is only the last console named on the command line; a person may use any of them. */
function print(line: string): void {
  const active = (readText('/sys/class/tty/console/active') ?? '').trim();
  const names = active === '' ? ['console'] : active.split(/\s+/);
  for (const name of names) {
    const tty = std.open(`/dev/${name}`, 'w');
    if (tty === null) continue;
    tty.puts(`${line}\n`);
    tty.close();
  }
}
