/** Definition files: TypeScript, JavaScript or JSON, loaded as they are. */
import { existsSync, readFileSync } from 'node:fs';
import { extname, isAbsolute, relative } from 'node:path';
import { type Err, err, ok, type Result, usage } from '../../core/result.js';
import { API } from '../installed.js';
import { digestFile } from '../sys/digest.js';
import { type Definition, definitionOf, type FragmentFields, isDefinition } from './define.js';
import { isFields } from './merge.js';

/** Default names of a definition file; the first that exists is used. */
export const DEFINITION_FILES = ['mkma.config.ts', 'mkma.config.js', 'mkma.config.mjs', 'mkma.config.json'];

/** A definition, and all files of the user that it consists of. */
export interface LoadedDefinition {
  readonly definition: Definition;
  readonly files: readonly LoadedFile[];
}

/** A file that a definition was loaded from, and its contents at that time. */
export interface LoadedFile {
  /** Absolute. */
  readonly path: string;
  readonly digest: string;
}

const EXAMPLE = "export default defineMachine({ hostname: 'kiosk' })";

/** Load the definition in a file. */
export async function loadDefinition(file: string): Promise<Result<LoadedDefinition>> {
  const where = shown(file);
  if (!existsSync(file)) return noSuchDefinition(file);
  return extname(file) === '.json' ? loadJson(file, where) : loadModule(file, where);
}

export function noSuchDefinition(file: string): Err {
  return usage({
    code: 'definition-missing',
    what: 'no such definition',
    where: shown(file),
    next: 'name an existing file, or create one: mkma new',
  });
}

function loadJson(file: string, where: string): Result<LoadedDefinition> {
  let fields: unknown;
  try {
    fields = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    return usage({
      code: 'definition-unreadable',
      what: cause instanceof SyntaxError ? 'the definition is not valid JSON' : 'cannot read the definition',
      where,
      why: (cause as Error).message,
      next: 'correct it and try again',
    });
  }
  if (!isFields(fields)) {
    return usage({
      code: 'definition-empty',
      what: 'the file does not define a machine',
      where,
      next: 'write an object, such as { "hostname": "kiosk" }',
    });
  }
  const { $schema: _, ...machine } = fields;
  const definition = definitionOf(machine as FragmentFields, { file, line: 1 });
  return ok({ definition, files: loadedFiles([file]) });
}

async function loadModule(file: string, where: string): Promise<Result<LoadedDefinition>> {
  const { createJiti } = await import('jiti');
  const jiti = createJiti(file, {
    alias: { mkma: API },
    fsCache: false,
    moduleCache: true,
    interopDefault: false,
  });
  // It also holds what this process loaded before.
  const before = new Set(Object.keys(jiti.cache));
  let loaded: unknown;
  try {
    loaded = await jiti.import(file);
  } catch (cause) {
    return err({
      code: 'definition-failed',
      kind: 'usage',
      what: 'cannot load the definition',
      ...explain(cause, where),
    });
  }
  const own = Object.keys(jiti.cache).filter(
    (path) => !before.has(path) && isAbsolute(path) && !path.includes('/node_modules/') && path !== API,
  );
  const value =
    isFields(loaded) || typeof loaded === 'object' ? (loaded as { default?: unknown }).default : undefined;
  if (isDefinition(value))
    return ok({ definition: value, files: loadedFiles([...new Set([file, ...own])].sort()) });
  return usage({
    code: 'definition-empty',
    what: 'the file does not define a machine',
    where,
    why:
      value === undefined
        ? 'it has no default export'
        : 'its default export is not what defineMachine returns',
    next: `write: ${EXAMPLE}`,
  });
}

/** What failed while a file was evaluated, and where, if known. */
function explain(cause: unknown, where: string) {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const frame = /\(?((?:file:\/\/)?\/[^()\n]*mkma\.config[^()\n:]*|\/[^()\n]*\.[cm]?[tj]s):(\d+):\d+\)?/.exec(
    error.stack ?? '',
  );
  const place =
    frame === null || frame[1] === undefined || frame[1].includes('/node_modules/')
      ? where
      : `${shown(frame[1].replace(/^file:\/\//, ''))}:${frame[2]}`;
  const [first = ''] = error.message.split('\n');
  const words = /^\w*Error: /.test(first) ? first : `${error.name}: ${first}`;
  return { where: place, why: words.trim(), next: 'correct it and try again' };
}

function loadedFiles(paths: readonly string[]): LoadedFile[] {
  return paths.map((path) => ({ path, digest: existsSync(path) ? digestFile(path) : '' }));
}

/** A path as it is typed in the current folder. */
export function shown(path: string): string {
  const short = relative('.', path);
  return short === '' || short.startsWith('../../') ? path : short;
}
