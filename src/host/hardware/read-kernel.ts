/**
 * Reads a kernel's modules as any user: from what depmod(8) wrote, and from what modinfo(8) prints.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../core/result.js';
import { builtinFirmware } from '../kernel/builtin.js';
import { parseAliases } from '../kernel/modalias.js';
import { moduleName, parseModuleIndex } from '../kernel/modules.js';
import { readModuleTexts } from '../kernel/texts.js';
import { findProgram } from '../sys/prerequisites.js';
import { run } from '../sys/run.js';
import type { KernelModules } from './uses.js';

/** A folder of a kernel's modules. */
export interface ModuleFolder {
  /** `uname -r` of the kernel. */
  readonly release: string;
  /** Absolute: /lib/modules/RELEASE. */
  readonly folder: string;
}

/**
 * Module folders with an index in a tree, the newest name last; none if they cannot be read.
 */
export function moduleFolders(tree: string): ModuleFolder[] {
  const modules = join(tree, 'lib/modules');
  let releases: string[];
  try {
    releases = readdirSync(modules).sort();
  } catch {
    return [];
  }
  return releases
    .map((release) => ({ release, folder: join(modules, release) }))
    .filter(({ folder }) => existsSync(join(folder, 'modules.dep')));
}

/** Its modules and their aliases. */
export async function readKernel({ folder, release }: ModuleFolder): Promise<Result<KernelModules>> {
  const texts = await readModuleTexts(folder, release);
  if (!texts.ok) return texts;
  return ok({ index: parseModuleIndex(texts.value), aliases: parseAliases(texts.value.alias) });
}

/** The names in the `firmware` fields of modules, by module; `names`: the modules of interest. */
export async function readFirmwareNames(
  { folder }: ModuleFolder,
  { index }: KernelModules,
  names: readonly string[],
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<Result<Map<string, readonly string[]>>> {
  const builtin = await readFile(join(folder, 'modules.builtin.modinfo'), 'latin1').catch(() => '');
  const found = new Map<string, readonly string[]>(builtinFirmware(builtin));
  const files = names.flatMap((name) => index.files.get(name)?.path ?? []);
  if (files.length === 0) return ok(found);
  const modinfo = findProgram('modinfo', path);
  if (modinfo === undefined) {
    return err({
      code: 'no-modinfo',
      what: 'cannot read which firmware drivers name: this host has no modinfo',
      next: 'sudo apt-get install kmod',
    });
  }
  const args = ['--null', ...files.map((file) => join(folder, file))];
  const printed = await run({ file: modinfo, args }, { signal });
  if (!printed.ok) return printed;
  for (const [name, firmware] of firmwareFields(printed.value.stdout)) found.set(name, firmware);
  return ok(found);
}

/**
 * The `firmware` fields in what `modinfo --null` prints (kmod 30 to 34): `filename:  PATH` first for
 * each module, then `KEY=VALUE`, each terminated by NUL.
 */
export function firmwareFields(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let module = '';
  for (const field of text.split('\0')) {
    const [, key, value = ''] = /^(filename|firmware)(?::\s+|=)(.*)$/s.exec(field) ?? [];
    if (key === 'filename') module = moduleName(value);
    if (key === 'firmware') found.set(module, [...(found.get(module) ?? []), value]);
  }
  return found;
}
