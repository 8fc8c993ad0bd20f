/** `mkma new`: a definition to start from, and types with which editors complete it. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import { DEFINITION_FILES } from '../definition/load.js';
import { giveTo, type Owner, writeFileWhole } from '../sys/files.js';
import type { PublicKey } from '../sys/public-key.js';
import { startingDefinition } from './starting-definition.js';

export interface NewOptions {
  /** Absolute. */
  readonly folder: string;
  readonly preset: string;
  /** Replace an existing definition. */
  readonly force: boolean;
  /** The module "mkma" as types. */
  readonly types: string;
  /** mkma as it is typed; a path is valid in any folder. */
  readonly program: string;
  readonly owner?: Owner | undefined;
  /** The caller's public ssh key, if it is to be accepted. */
  readonly key?: PublicKey | undefined;
}

export interface NewResult {
  readonly written: readonly string[];
  readonly lines: readonly string[];
}

/** For editors: the path of the types, and strict TypeScript. mkma itself does not read it. */
const TSCONFIG = `{
  "compilerOptions": {
    "strict": true,
    "noEmit": true,
    "target": "ES2023",
    "module": "NodeNext",
    "moduleResolution": "NodeNext",
    "skipLibCheck": true,
    "types": [],
    "paths": { "mkma": ["./.mkma-types/mkma.d.ts"] }
  },
  "include": ["*.ts"]
}
`;

export function writeNew({
  folder,
  preset,
  force,
  types,
  program,
  owner,
  key,
}: NewOptions): Result<NewResult> {
  const present = DEFINITION_FILES.find((name) => existsSync(join(folder, name)));
  if (present !== undefined && !force) {
    return usage({
      code: 'definition-exists',
      what: 'a definition already exists',
      where: join(folder, present),
      next: 'name another folder, or replace it with --force',
    });
  }
  const written: string[] = [];
  const write = (name: string, text: string): void => {
    const path = join(folder, name);
    makeFolders(folder, name, owner);
    writeFileWhole(path, text, owner);
    written.push(path);
  };
  write('mkma.config.ts', startingDefinition(preset, key?.line));
  write('.mkma-types/mkma.d.ts', types);
  if (!existsSync(join(folder, 'tsconfig.json'))) write('tsconfig.json', TSCONFIG);
  const cd = relative('.', folder);
  const running = preset === 'desktop' ? 'run --window' : 'run';
  const lines = [
    `written: ${written.map((path) => relative('.', path)).join(', ')}`,
    ...(key === undefined
      ? []
      : [`Your key logs in as admin over ssh, who becomes root without a password: ${key.path}`]),
    '',
    ...(cd === '' ? [] : [`cd ${cd}`]),
    `Edit mkma.config.ts (${program} summary shows the resolved values), then:`,
    `  sudo ${program} build`,
    `  ${program} ${running.padEnd(14)}# boots it in QEMU`,
    `  ${program} ${'test'.padEnd(14)}# boots it unattended and runs its tests`,
  ];
  return ok({ written, lines });
}

function makeFolders(folder: string, name: string, owner: Owner | undefined): void {
  for (const path of [folder, join(folder, name, '..')]) {
    if (existsSync(path)) continue;
    mkdirSync(path, { recursive: true });
    giveTo(path, owner);
  }
}
