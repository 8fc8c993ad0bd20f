/** labwc(1): its configuration (labwc-config(5), labwc-actions(5)). Pure. */
import { KEY_PROGRAM, type Key } from './keys.js';

/** Files in /etc/xdg/labwc, by name. */
export function labwcFiles(keys: readonly Key[]): Readonly<Record<string, string>> {
  const bind = ({ held, key, action, locked }: Key): string => {
    const name = [...held.map((one) => (one === 'super' ? 'W' : 'S')), key].join('-');
    const always = locked === true ? ' allowWhenLocked="yes"' : '';
    return `    <keybind key="${name}"${always}><action name="Execute" command="${KEY_PROGRAM} ${action}"/></keybind>`;
  };
  const own = (key: string, action: string, rest = ''): string =>
    `    <keybind key="${key}"><action name="${action}"${rest}/></keybind>`;
  return {
    'rc.xml': `<?xml version="1.0"?>
<!-- The desktop's configuration of labwc. A copy in ~/.config/labwc/rc.xml replaces it. -->
<labwc_config>
  <core><gap>4</gap><reuseOutputMode>yes</reuseOutputMode></core>
  <theme><name></name><cornerRadius>6</cornerRadius><font place=""><name>sans</name><size>10</size></font></theme>
  <desktops number="4"/>
  <keyboard>
    <!-- Keys that are the same in every compositor. -->
${keys.map(bind).join('\n')}
    <!-- Windows. -->
${own('W-q', 'Close')}
${own('W-f', 'ToggleFullscreen')}
${own('W-S-q', 'Execute', ' command="/usr/lib/mkma-desktop/logout"')}
${own('A-Tab', 'NextWindow')}
${own('W-Left', 'SnapToEdge', ' direction="left"')}
${own('W-Right', 'SnapToEdge', ' direction="right"')}
${own('W-Up', 'Maximize')}
${own('W-Down', 'Iconify')}
${[1, 2, 3, 4].map((n) => `${own(`W-${n}`, 'GoToDesktop', ` to="${n}"`)}\n${own(`W-S-${n}`, 'SendToDesktop', ` to="${n}"`)}`).join('\n')}
  </keyboard>
  <mouse><default/></mouse>
  <libinput><device category="touchpad"><tap>yes</tap><naturalScroll>yes</naturalScroll></device></libinput>
</labwc_config>
`,
    autostart: '/usr/lib/mkma-desktop/ready\n',
    'menu.xml': `<?xml version="1.0"?>
<openbox_menu>
  <menu id="root-menu" label="">
    <item label="Programs"><action name="Execute" command="${KEY_PROGRAM} launcher"/></item>
    <item label="Terminal"><action name="Execute" command="${KEY_PROGRAM} terminal"/></item>
    <separator/>
    <item label="Log out ..."><action name="Execute" command="${KEY_PROGRAM} power"/></item>
  </menu>
</openbox_menu>
`,
  };
}
