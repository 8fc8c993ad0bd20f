/** What firmware built-in drivers request. Pure. */
import { moduleName } from './modules.js';

/**
 * Firmware by built-in module, from modules.builtin.modinfo: `MODULE.firmware=NAME`, each terminated by NUL
 * (Documentation/kbuild/kbuild.rst).
 */
export function builtinFirmware(modinfo: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const field of modinfo.split('\0')) {
    const [, module, name] = /^([^.=]+)\.firmware=(.+)$/.exec(field) ?? [];
    if (module === undefined || name === undefined) continue;
    found.set(moduleName(module), [...(found.get(moduleName(module)) ?? []), name]);
  }
  return found;
}
