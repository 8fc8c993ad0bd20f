/**
 * How this host reaches mirrors: proxies, certificates, logins. For fetching only: none of it gets into an
 * image or a record.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result, usage } from '../../core/result.js';
import { withoutLogins } from '../../core/text/logins.js';
import { type Environment, PROXY_VARIABLES, pick } from '../sys/environment.js';
import { run } from '../sys/run.js';
import {
  type AptSetting,
  isProxySetting,
  parseAptConfig,
  reachSettings,
  renderSetting,
} from '../tools/apt-config.js';

export interface Reach {
  /** apt's settings. */
  readonly settings: readonly AptSetting[];
  /** apt's file and folder of logins, apt_auth.conf(5). */
  readonly logins: { readonly file: string; readonly folder: string };
  /** Variables for programs that fetch. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Without settings on this host: apt's default folder of logins. */
export const PLAIN_REACH: Reach = {
  settings: [],
  logins: { file: '/etc/apt/auth.conf', folder: '/etc/apt/auth.conf.d' },
  variables: {},
};

/** The value of --proxy that means no proxy, whatever this host's settings. */
const DIRECT = 'direct';

/** Variables of `env` that name proxies, replaced by --proxy if given. */
export function proxyVariables(env: Environment, proxy?: string): Result<Record<string, string>> {
  const own = pick(env, PROXY_VARIABLES);
  if (proxy === undefined) return ok(own);
  if (proxy.toLowerCase() === DIRECT) return ok({});
  if (!/^(https?|socks5h):\/\/[^\s/"]+\/?$/i.test(proxy)) {
    const suggestion = /^[\w.-]+(:\d+)?$/.test(proxy) ? `http://${proxy}` : undefined;
    return usage({
      code: 'proxy-invalid',
      what: 'not a proxy',
      where: `--proxy ${withoutLogins(proxy)}`,
      why: 'a proxy must be an http, https or socks5h URL with host and port',
      next: `for example --proxy ${suggestion ?? 'http://proxy.example:3128'}; --proxy ${DIRECT} uses none`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  const url = proxy.replace(/\/$/, '');
  const named = ['http_proxy', 'https_proxy', 'ftp_proxy', 'HTTPS_PROXY'].map((name) => [name, url] as const);
  return ok({ ...pick(env, ['no_proxy', 'NO_PROXY']), ...Object.fromEntries(named) });
}

/**
 * Reads apt's settings and the environment. `proxy` is the value of --proxy, which overrides both; apt's own
 * settings override variables (apt-transport-http(1)).
 */
export async function findReach(
  env: Environment,
  proxy: string | undefined,
  signal: AbortSignal,
): Promise<Result<Reach>> {
  const variables = proxyVariables(env, proxy);
  if (!variables.ok) return variables;
  const dump = await run({ file: 'apt-config', args: ['dump'] }, { signal });
  if (!dump.ok) return dump;
  const words = ['shell', 'FILE', 'Dir::Etc::netrc/f', 'FOLDER', 'Dir::Etc::netrcparts/d'];
  const places = await run({ file: 'apt-config', args: words }, { signal });
  if (!places.ok) return places;
  const place = (name: string): string | undefined =>
    new RegExp(`^${name}='(.*)'$`, 'm').exec(places.value.stdout)?.[1]?.replace(/(?<=.)\/$/, '');
  const settings = reachSettings(parseAptConfig(dump.value.stdout));
  return ok({
    settings: proxy === undefined ? settings : settings.filter((each) => !isProxySetting(each)),
    logins: {
      file: place('FILE') ?? PLAIN_REACH.logins.file,
      folder: place('FOLDER') ?? PLAIN_REACH.logins.folder,
    },
    variables: variables.value,
  });
}

/**
 * mkma's own, before the host's: how long a mirror may be silent, in seconds, and how often apt retries where
 * mkma does not.
 */
const PATIENCE: readonly AptSetting[] = [
  { name: 'Acquire::http::Timeout', value: '20' },
  { name: 'Acquire::https::Timeout', value: '20' },
  { name: 'Acquire::Retries', value: '3' },
];

/**
 * The same as a file of apt.conf(5) and one of apt_auth.conf(5), for an apt with another root. `entries` are
 * additional logins, `authFile` is the path for the logins.
 */
export function renderReach(
  reach: Reach,
  authFile: string,
  entries: readonly string[] = [],
): { readonly conf: string; readonly auth: string } {
  const { settings, logins } = reach;
  const own = existsSync(logins.file) ? readFileSync(logins.file, 'utf8') : '';
  const places = [
    { name: 'Dir::Etc::netrc', value: authFile },
    { name: 'Dir::Etc::netrcparts', value: logins.folder },
  ];
  const conf = [...PATIENCE, ...settings, ...places].map((each) => `${renderSetting(each)}\n`).join('');
  return { conf, auth: [...entries, own].join('\n') };
}

/**
 * The same as text, without names and passwords: settings and variables by their names, logins by their
 * files.
 */
export function describeReach({ settings, logins, variables }: Reach): { setting: string; value: string }[] {
  const parts = existsSync(logins.folder) ? readdirSync(logins.folder).sort() : [];
  const files = [logins.file, ...parts.map((name) => join(logins.folder, name))].filter(existsSync);
  return [
    ...settings.map(({ name, value }) => ({ setting: name, value })),
    ...Object.entries(variables).map(([name, value]) => ({ setting: name, value })),
    ...files.map((file) => ({ setting: 'logins', value: file })),
    // A proxy may be given without its scheme.
  ].map(({ setting, value }) => ({ setting, value: withoutLogins(value).replace(/^[^\s/@]+@/, '***@') }));
}
