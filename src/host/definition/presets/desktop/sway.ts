/** sway(5): its configuration. Pure. */
import { KEY_PROGRAM, type Key } from './keys.js';

const DIRECTIONS = ['Left', 'Down', 'Up', 'Right'];

/** The text of /etc/sway/config. `wallpaper`: whether another program paints the background. */
export function swayConfig(keys: readonly Key[], xwayland: boolean): string {
  const bind = ({ held, key, action, locked }: Key): string => {
    const name = [...held.map((one) => (one === 'super' ? '$mod' : 'Shift')), key].join('+');
    return `bindsym${locked === true ? ' --locked' : ''} ${name} exec ${KEY_PROGRAM} ${action}`;
  };
  return `# The desktop's configuration of sway(5). A copy in ~/.config/sway/config replaces it.
set $mod Mod4
xwayland ${xwayland ? 'enable' : 'disable'}

# Keys that are the same in every compositor.
${keys.map(bind).join('\n')}

# Windows.
bindsym $mod+q kill
bindsym $mod+f fullscreen
bindsym $mod+t layout toggle tabbed split
bindsym $mod+Shift+space floating toggle
bindsym $mod+space focus mode_toggle
bindsym $mod+Shift+q exec /usr/lib/mkma-desktop/logout
${DIRECTIONS.map((way) => `bindsym $mod+${way} focus ${way.toLowerCase()}\nbindsym $mod+Shift+${way} move ${way.toLowerCase()}`).join('\n')}
${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `bindsym $mod+${n} workspace number ${n}\nbindsym $mod+Shift+${n} move container to workspace number ${n}`).join('\n')}
floating_modifier $mod normal

input type:touchpad {
  tap enabled
  natural_scroll enabled
  dwt enabled
}
# Layout and cursor come from the session: XKB_DEFAULT_*, XCURSOR_*.
default_border pixel 2
gaps inner 4
font pango:sans 10
focus_follows_mouse no
# The background is a unit of its own.
swaybg_command -

include /etc/sway/config.d/*
exec /usr/lib/mkma-desktop/ready
`;
}
