/**
 * The environment of every program that mkma runs: created for each, never inherited. Tools read dozens of
 * variables (TAR_OPTIONS, ZSTD_CLEVEL, DPKG_FORCE, PERL5OPT, LD_PRELOAD ...), and some silently change an
 * image's content. What may pass is listed here, with the reason.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** What every program gets: its output is parsed, so it uses one language, and names stay bytes. */
const CONSTANT: Environment = { LC_ALL: 'C.UTF-8' };

/** The caller's variables that pass to every program. PATH does too, see {@link searchPath}. */
const EVERYBODY: readonly string[] = [
  'TMPDIR', // a place for temporary files: it changes no bytes
];

/** Variables that pass to some programs, by purpose. */
const GROUPS = {
  /** A virtual machine, which may open a window and draws on a terminal. */
  display: [
    'TERM', // the terminal that it draws on
    'HOME', // settings and caches of GTK and Mesa
    'DISPLAY', // the X server
    'XAUTHORITY', // access to it
    'WAYLAND_DISPLAY', // the compositor
    'XDG_RUNTIME_DIR', // the folder of its socket
    'XDG_CONFIG_HOME', // the toolkit's settings
    'XDG_DATA_DIRS', // themes and icons
    'DBUS_SESSION_BUS_ADDRESS', // accessibility and settings of the session
    'GDK_BACKEND', // X11 or Wayland, if the toolkit chooses wrongly
    'GDK_SCALE', // scaling on dense screens
    'GTK_THEME', // appearance
  ],
  /** A hook that a definition runs on this host, with the user's own tools. */
  hook: [
    'HOME', // settings and keys of git, ssh and others
    'SSH_AUTH_SOCK', // the agent that holds the keys
    'SUDO_USER', // the user who builds, as an owner of files
    'SUDO_UID',
    'SUDO_GID',
  ],
} as const;

/** Programs that get more of the caller's variables than others. */
export type Passing = keyof typeof GROUPS;

/**
 * Variables that name proxies (curl(1), apt-transport-http(1)): for programs that fetch, which get them by
 * name. May contain passwords.
 */
export const PROXY_VARIABLES: readonly string[] = [
  ...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'],
];

/** The variables of these names that are set and not empty. */
export function pick(env: Environment, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

/** What a program gets from mkma's own environment, `env`. */
export function cleanEnvironment(env: Environment, passes: readonly Passing[] = []): Environment {
  const names = [...EVERYBODY, ...passes.flatMap((group) => GROUPS[group])];
  return { ...pick(env, names), ...CONSTANT, PATH: searchPath(env.PATH) };
}

/**
 * Where programs are searched: the caller's PATH, and the system's folders, which a plain user's PATH on
 * Debian lacks. Without relative folders: some programs start within the tree being built, whose files must
 * not be run.
 */
function searchPath(path = '/usr/bin:/bin'): string {
  const folders = path.split(':').filter((folder) => folder.startsWith('/'));
  return [...folders, '/usr/sbin', '/sbin'].join(':');
}
