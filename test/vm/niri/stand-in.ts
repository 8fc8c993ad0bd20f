/**
 * A stand-in for niri, which cannot be had here: what the session sees of it is as niri does it (its resources/niri-session,
 * niri.service and src/main.rs), and sway paints. It reads the keys that start something out of niri's configuration, and the keyboard's
 * layout as niri does, so that both are seen to be right.
 */

/** Where its files go: a package's lie in /usr, what is built lies where niri's docs say (Getting-Started, Manual Installation). */
export const PACKAGED = { programs: 'usr/bin', units: 'usr/lib/systemd/user', data: 'usr/share' } as const;
export const BUILT = {
  programs: 'usr/local/bin',
  units: 'etc/systemd/user',
  data: 'usr/local/share',
} as const;

/** Its files by their paths, without a / before them. */
export function standIn({ programs, units, data }: typeof PACKAGED | typeof BUILT): Record<string, string> {
  return {
    [`${programs}/niri`]: NIRI,
    [`${programs}/niri-session`]: NIRI_SESSION,
    [`${units}/niri.service`]: `[Unit]
Description=Stand-in for niri
BindsTo=graphical-session.target
Before=graphical-session.target
Wants=graphical-session-pre.target
After=graphical-session-pre.target
Wants=xdg-desktop-autostart.target
Before=xdg-desktop-autostart.target

[Service]
Type=notify
# niri says itself that it is ready; here a child of sway does.
NotifyAccess=all
ExecStart=/${programs}/niri --session
`,
    [`${units}/niri-shutdown.target`]: `[Unit]
Description=The end of the session of the stand-in
DefaultDependencies=no
StopWhenUnneeded=true
Conflicts=graphical-session.target graphical-session-pre.target
After=graphical-session.target graphical-session-pre.target
`,
    [`${data}/xdg-desktop-portal/niri-portals.conf`]: '[preferred]\ndefault=gnome;gtk;\n',
  };
}

const NIRI = `#!/bin/sh
set -eu
[ "\${1:-}" = --session ] || { echo 'usage: niri --session' >&2; exit 2; }
config=\${XDG_CONFIG_HOME:-$HOME/.config}/niri/config.kdl
[ -f "$config" ] || config=/etc/niri/config.kdl
locale1='org.freedesktop.locale1 /org/freedesktop/locale1 org.freedesktop.locale1'
layout=$(busctl --system get-property $locale1 X11Layout | sed 's/^s "\\(.*\\)"$/\\1/')
unset XKB_DEFAULT_MODEL XKB_DEFAULT_LAYOUT XKB_DEFAULT_VARIANT XKB_DEFAULT_OPTIONS
export XDG_CURRENT_DESKTOP=niri XDG_SESSION_TYPE=wayland NIRI_SOCKET="$XDG_RUNTIME_DIR/niri.stand-in.sock"
export WLR_RENDERER=pixman WLR_RENDERER_ALLOW_SOFTWARE=1
sway=$XDG_RUNTIME_DIR/stand-in.conf
{
  echo 'xwayland disable'
  echo "input type:keyboard xkb_layout $layout"
  sed -n -e 's/^ *\\([^ ]*\\) [^{]*{ spawn \\(.*\\); }$/bindsym \\1 exec \\2/p' "$config" | sed 's/^bindsym Mod+/bindsym Mod4+/'
  echo "exec systemctl --user import-environment WAYLAND_DISPLAY XDG_CURRENT_DESKTOP XDG_SESSION_TYPE NIRI_SOCKET && systemd-notify --ready"
} >"$sway"
exec sway --config "$sway"
`;

const NIRI_SESSION = `#!/bin/sh
if systemctl --user --quiet is-active niri.service; then
  echo 'there is a session of it already'
  exit 1
fi
systemctl --user reset-failed
systemctl --user --wait start niri.service
systemctl --user start --job-mode=replace-irreversibly niri-shutdown.target
systemctl --user unset-environment WAYLAND_DISPLAY DISPLAY XDG_SESSION_TYPE XDG_CURRENT_DESKTOP NIRI_SOCKET
`;

/** What sway brings along: the stand-in's dependency. */
export const CONTROL = { Package: 'niri', Version: '25.11', Depends: 'sway' } as const;
