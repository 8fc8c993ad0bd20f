/** Language, keyboard and time of a machine. */
import { readFileSync, statSync } from 'node:fs';
import { err, ok, type Result } from '../../core/result.js';
import type { MachineConfig } from '../definition/machine.js';
import { resolveInTree } from '../sys/tree-files.js';
import type { Tree } from './tree.js';

/** Locales built into the C library. */
const BUILT_IN = /^(C|POSIX)(\.|$)/i;

/** Locales to generate. */
export function wantedLocales({ locale, locales }: MachineConfig): string[] {
  return [...new Set([locale, ...locales])].filter((name) => !BUILT_IN.test(name));
}

export async function setLocale(tree: Tree, machine: MachineConfig): Promise<Result<void>> {
  const language = await makeLocales(tree, machine);
  if (!language.ok) return language;
  const time = setTimezone(tree, machine.timezone);
  if (!time.ok) return time;
  return machine.keyboard === undefined ? ok() : setKeyboard(tree, machine.keyboard);
}

async function makeLocales(tree: Tree, machine: MachineConfig): Promise<Result<void>> {
  const wanted = wantedLocales(machine);
  if (wanted.length === 0) return ok();
  const known = readFileSync(resolveInTree(tree.root, '/usr/share/i18n/SUPPORTED'), 'utf8').split('\n');
  const lines: string[] = [];
  for (const name of wanted) {
    const line = known.find((one) => one.split(' ')[0] === name);
    if (line === undefined) {
      const near = known
        .map((one) => one.split(' ')[0] ?? '')
        .filter((one) => one.startsWith(name.slice(0, 2)) && one.endsWith('UTF-8'));
      return err({
        code: 'no-such-locale',
        kind: 'usage',
        what: 'no such locale',
        where: name,
        field: machine.locale === name ? ['locale'] : ['locales', machine.locales.indexOf(name)],
        next:
          near.length === 0
            ? 'the suite lists them in /usr/share/i18n/SUPPORTED'
            : `similar ones: ${near.slice(0, 6).join(', ')}`,
      });
    }
    lines.push(line);
  }
  tree.files.write('/etc/locale.gen', `${lines.join('\n')}\n`);
  const made = await tree.script('locale-gen');
  if (!made.ok) return made;
  // Where PAM and Debian's tools look; it links to systemd's file.
  tree.files.link('../locale.conf', '/etc/default/locale');
  return ok();
}

function setTimezone({ root, files }: Tree, zone: string): Result<void> {
  if (!isZone(resolveInTree(root, `/usr/share/zoneinfo/${zone}`, true))) {
    return err({
      code: 'no-such-timezone',
      kind: 'usage',
      what: 'no such time zone',
      where: `timezone: ${zone}`,
      field: ['timezone'],
      next: 'use a name like Europe/Berlin; old names like US/Pacific are in the package tzdata-legacy',
    });
  }
  files.link(`/usr/share/zoneinfo/${zone}`, '/etc/localtime');
  files.write('/etc/timezone', `${zone}\n`);
  return ok();
}

/** A folder of zones is not a zone. */
function isZone(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function setKeyboard(
  tree: Tree,
  keyboard: NonNullable<MachineConfig['keyboard']>,
): Promise<Result<void>> {
  const plain = { model: 'pc105', variant: '', options: '' };
  const { layout, model, variant, options } =
    typeof keyboard === 'string' ? { ...plain, layout: keyboard } : keyboard;
  tree.files.write(
    '/etc/default/keyboard',
    `XKBMODEL="${model}"\nXKBLAYOUT="${layout}"\nXKBVARIANT="${variant}"\nXKBOPTIONS="${options}"\nBACKSPACE="guess"\n`,
  );
  // Saves what each boot would otherwise compute again; it also reports an unknown layout.
  const saved = await tree.script('setupcon --save-only --force');
  if (!saved.ok) {
    if (saved.problem.code === 'no-space') return saved;
    return err({
      code: 'keyboard-invalid',
      ...(saved.problem.why === undefined ? {} : { why: saved.problem.why }),
      what: 'cannot set up the keyboard',
      where: `keyboard: ${layout}`,
      field: ['keyboard'],
      next: 'see keyboard(5) and xkeyboard-config(7) for valid names',
    });
  }
  return ok();
}
