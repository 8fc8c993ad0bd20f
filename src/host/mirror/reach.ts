/** How this host reaches mirrors: proxies, certificates, logins. For fetching alone: none of it gets into an image or a record. */

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

/** Of a host that says nothing: where apt keeps logins unless told. */
export const PLAIN_REACH: Reach = {
  settings: [],
  logins: { file: '/etc/apt/auth.conf', folder: '/etc/apt/auth.conf.d' },
  variables: {},
};

/** The value of --proxy that means: none, whatever this host's settings say. */
const DIRECT = 'direct';

/** Variables of `env` that name proxies, with --proxy in their place where it is given. */
export function proxyVariables(env: Environment, proxy?: string): Result<Record<string, string>> {
  const own = pick(env, PROXY_VARIABLES);
  if (proxy === undefined) return ok(own);
  if (proxy.toLowerCase() === DIRECT) return ok({});
  if (!/^(https?|socks5h):\/\/[^\s/"]+\/?$/i.test(proxy)) {
    const suggestion = /^[\w.-]+(:\d+)?$/.test(proxy) ? `http://${proxy}` : undefined;
    return usage({
      code: 'proxy-invalid',
      what: 'this is no proxy',
      where: `--proxy ${withoutLogins(proxy)}`,
      why: 'a proxy is an http, https or socks5h URL of a host and a port',
      next: `for example --proxy ${suggestion ?? 'http://proxy.example:3128'}; --proxy ${DIRECT} uses none`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  const url = proxy.replace(/\/$/, '');
  const named = ['http_proxy', 'https_proxy', 'ftp_proxy', 'HTTPS_PROXY'].map((name) => [name, url] as const);
  return ok({ ...pick(env, ['no_proxy', 'NO_PROXY']), ...Object.fromEntries(named) });
}

/**
 * Ask apt, and the environment. `proxy` is the value of --proxy, which wins over both; apt's own settings win over variables
 * (apt-transport-http(1)).
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

/** mkma's own, before the host's: how long a mirror may be silent, in seconds, and how often apt asks again where mkma does not. */
const PATIENCE: readonly AptSetting[] = [
  { name: 'Acquire::http::Timeout', value: '20' },
  { name: 'Acquire::https::Timeout', value: '20' },
  { name: 'Acquire::Retries', value: '3' },
];

/**
 * The same as a file of apt.conf(5) and one of apt_auth.conf(5), for an apt that has another root. `entries` are further logins,
 * `authFile` is where the logins will lie.
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

/** The same for people, without names and passwords: settings and variables by their names, logins by the files that hold them. */
export function describeReach({ settings, logins, variables }: Reach): { setting: string; value: string }[] {
  const parts = existsSync(logins.folder) ? readdirSync(logins.folder).sort() : [];
  const files = [logins.file, ...parts.map((name) => join(logins.folder, name))].filter(existsSync);
  return [
    ...settings.map(({ name, value }) => ({ setting: name, value })),
    ...Object.entries(variables).map(([name, value]) => ({ setting: name, value })),
    ...files.map((file) => ({ setting: 'logins', value: file })),
    // A proxy may be named without its scheme.
  ].map(({ setting, value }) => ({ setting, value: withoutLogins(value).replace(/^[^\s/@]+@/, '***@') }));
}
