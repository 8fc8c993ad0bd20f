/** `mkma new`: a definition to start from, and what an editor needs to complete it. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import { DEFINITION_FILES } from '../definition/load.js';
import { giveTo, type Owner, writeFileWhole } from '../sys/files.js';
import type { PublicKey } from '../sys/public-key.js';
import { startingDefinition } from './starting-definition.js';

export interface NewOptions {
  /** Where to, absolute. */
  readonly folder: string;
  readonly preset: string;
  /** Replace a definition that is there. */
  readonly force: boolean;
  /** The module "mkma" as types. */
  readonly types: string;
  /** mkma as it was typed; a path stays right from wherever it is read. */
  readonly program: string;
  readonly owner?: Owner | undefined;
  /** The caller's public ssh key, where it is to get in. */
  readonly key?: PublicKey | undefined;
}

export interface NewResult {
  readonly written: readonly string[];
  readonly lines: readonly string[];
}

/** For editors: where the types are, and that the file is strict TypeScript. mkma itself does not read it. */
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
      what: 'there is a definition already',
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
      : [`Your key gets in as admin, over ssh, and may become root without a password: ${key.path}`]),
    '',
    ...(cd === '' ? [] : [`cd ${cd}`]),
    `Change mkma.config.ts to your liking (${program} summary tells what it comes to), then:`,
    `  sudo ${program} build`,
    `  ${program} ${running.padEnd(14)}# boots it in QEMU`,
    `  ${program} ${'test'.padEnd(14)}# boots it unattended, and runs its tests`,
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
