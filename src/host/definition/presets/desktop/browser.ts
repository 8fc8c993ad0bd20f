/** Settings of Firefox. Pure, except for paths of shipped files. */
import { join } from 'node:path';
import type { MachineInput } from '../../machine.js';
import type { DesktopOptions } from './options.js';
import { SHIPPED } from './session.js';

/**
 * Files of Firefox's AutoConfig, which can read the session's environment (support.mozilla.org, "Customizing
 * Firefox Using AutoConfig").
 */
export function browserFiles({ browser, page }: DesktopOptions): NonNullable<MachineInput['files']> {
  if (browser !== 'firefox-esr') return {};
  const kiosk = page !== undefined;
  const preferences = [
    'pref("general.config.filename", "mkma.cfg");',
    'pref("general.config.obscure_value", 0);',
    // That of a kiosk listens to windows, which the sandbox does not allow.
    `pref("general.config.sandbox_enabled", ${!kiosk});`,
    '',
  ];
  return {
    '/etc/firefox-esr/mkma.js': preferences.join('\n'),
    '/usr/lib/firefox-esr/mkma.cfg': {
      from: join(SHIPPED, 'firefox', kiosk ? 'kiosk.cfg' : 'desktop.cfg'),
    },
  };
}
