/** Which kernel modules belong together, from the files that depmod(8) writes. */

import type { Problem } from '../../core/result.js';

/** A module file, relative to the folder of its kernel's modules. */
interface ModuleFile {
  readonly path: string;
  /** Paths of the modules it needs. */
  readonly needs: readonly string[];
}

/** What depmod knows about a kernel's modules. */
export interface ModuleIndex {
  /** By name. */
  readonly files: ReadonlyMap<string, ModuleFile>;
  readonly builtin: ReadonlySet<string>;
  /** Names or aliases of modules that are loaded along with a module if they exist (modprobe.d(5)). */
  readonly soft: ReadonlyMap<string, readonly string[]>;
  /** Modules by alias, without aliases that have wildcards, which stand for hardware. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Drivers of devices: those with the modalias of a device. */
  readonly drivers: ReadonlySet<string>;
}

/** The texts of modules.dep, modules.builtin, modules.softdep and modules.alias. */
export interface ModuleTexts {
  readonly dep: string;
  readonly builtin: string;
  readonly softdep: string;
  readonly alias: string;
}

/**
 * Buses whose devices are not hardware of their own, by the beginning of their modaliases
 * (include/linux/mod_devicetable.h): those of hypervisors, and the devices behind a disk controller. Their
 * drivers are wanted on any machine.
 */
const VIRTUAL = ['virtio', 'vmbus', 'xen', 'scsi', 'fs', 'devname', 'rtnl-link'];

export interface ModuleSelection {
  /** Paths of the module files, in byte order. */
  readonly paths: readonly string[];
  /** Names that are neither modules nor built into this kernel. */
  readonly missing: readonly string[];
}

/** A module's name from its path or another spelling: to the kernel, `-` and `_` are the same. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.(xz|zst|gz))?$/, '')
    .replaceAll('-', '_');
}

export function parseModuleIndex(texts: ModuleTexts): ModuleIndex {
  const files = new Map<string, ModuleFile>();
  for (const line of lines(texts.dep)) {
    const colon = line.indexOf(':');
    const path = line.slice(0, colon);
    files.set(moduleName(path), { path, needs: words(line.slice(colon + 1)) });
  }
  const soft = new Map<string, string[]>();
  for (const line of lines(texts.softdep)) {
    const [keyword, name, ...rest] = words(line);
    if (keyword !== 'softdep' || name === undefined) continue;
    const names = rest.filter((word) => word !== 'pre:' && word !== 'post:');
    append(soft, moduleName(name), names);
  }
  const aliases = new Map<string, string[]>();
  const drivers = new Set<string>();
  for (const line of lines(texts.alias)) {
    const [keyword, alias, name] = words(line);
    if (keyword !== 'alias' || alias === undefined || name === undefined) continue;
    if (isDevice(alias)) drivers.add(moduleName(name));
    if (!/[*?[]/.test(alias)) append(aliases, moduleName(alias), [moduleName(name)]);
  }
  return { files, soft, aliases, drivers, builtin: new Set(lines(texts.builtin).map(moduleName)) };
}

/** The wanted modules and all that they need, soft dependencies included if this kernel has them. */
export function selectModules(index: ModuleIndex, wanted: readonly string[]): ModuleSelection {
  const paths = new Set<string>();
  const missing = new Set<string>();
  const visited = new Set<string>();
  const visit = (name: string): boolean => {
    if (visited.has(name)) return true;
    const file = index.files.get(name);
    if (file === undefined) return index.builtin.has(name);
    visited.add(name);
    paths.add(file.path);
    for (const needed of file.needs) visit(moduleName(needed));
    for (const soft of index.soft.get(name) ?? []) visitAny(moduleName(soft));
    return true;
  };
  const visitAny = (name: string): boolean => {
    const byAlias = (index.aliases.get(name) ?? []).map(visit);
    return visit(name) || byAlias.includes(true);
  };
  for (const name of wanted) if (!visitAny(moduleName(name))) missing.add(name);
  return { paths: [...paths].sort(), missing: [...missing] };
}

/** Whether an alias is a device's: `BUS:...`, or `dmi*...` of a whole machine. */
function isDevice(alias: string): boolean {
  const bus = /^[a-z0-9_-]+(?=\*?:)/.exec(alias)?.[0];
  return bus === undefined ? alias.startsWith('dmi*') : !VIRTUAL.includes(bus);
}

function append(map: Map<string, string[]>, key: string, values: readonly string[]): void {
  map.set(key, [...(map.get(key) ?? []), ...values]);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** The problem of a missing module that `field` of the definition names. */
export function noSuchModule(name: string, field: readonly string[], release: string): Problem {
  return {
    code: 'no-such-module',
    kind: 'usage',
    what: 'no such kernel module',
    where: `${field.join('.')}: ${name}`,
    field,
    why: `the kernel ${release} has no module of this name`,
    next: 'check its name: modinfo shows the modules of a running kernel',
  };
}
