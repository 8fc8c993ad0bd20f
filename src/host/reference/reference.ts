/** Everything that is generated from the schema and the command line, by its path in the repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { machineSchema } from '../definition/machine.js';
import { type Field, outline } from '../definition/outline.js';
import * as fragments from '../definition/presets/fragments.js';
import { EXTENDABLE, PRESETS } from '../definition/presets/presets.js';
import { COMPILED } from '../installed.js';
import { outlineCommands } from './commands.js';
import { renderCompletion } from './completion.js';
import { renderJsonSchema } from './json-schema.js';
import { renderManPage } from './man-page.js';
import { renderPage } from './page.js';
import { renderProblems } from './problems.js';
import { renderTypes } from './types.js';

/** The files of docs/reference/ as text. */
export function referenceFiles(program: CommandUnknownOpts): Readonly<Record<string, string>> {
  return {
    'docs/reference/config.md': renderPage(outline(machineSchema), presetOutlines()),
    'docs/reference/problems.md': renderProblems(),
    'docs/reference/mkma.schema.json': renderJsonSchema(),
    'docs/reference/mkma.1': renderManPage(outlineCommands(program)),
    'docs/reference/completion.bash': completionOf(program),
  };
}

/** The options of each preset. */
function presetOutlines(): Readonly<Record<string, Field>> {
  return Object.fromEntries(
    Object.entries(EXTENDABLE).map(([name, { summary, options }]) => [
      name,
      { ...outline(options), description: summary },
    ]),
  );
}

/** The completion of a program. */
export function completionOf(program: CommandUnknownOpts): string {
  return renderCompletion(outlineCommands(program), Object.keys(PRESETS));
}

/** The module "mkma" for editors, from the compiled declarations. */
export function editorTypes(): string {
  const declarations = (name: string): string =>
    readFileSync(join(COMPILED, `src/host/definition/${name}.d.ts`), 'utf8');
  const taken = { define: declarations('define'), functions: declarations('functions') };
  return renderTypes(
    outline(machineSchema),
    { fragments: Object.keys(fragments), presets: presetOutlines() },
    taken,
  );
}
