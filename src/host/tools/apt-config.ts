/** apt's settings (apt.conf(5)) for reaching mirrors, from the output of `apt-config dump`. Pure. */

/** A setting, as `apt-config dump` prints it: `Acquire::http::Proxy "http://proxy:3128";`. */
export interface AptSetting {
  readonly name: string;
  readonly value: string;
}

/** All settings that have a value. */
export function parseAptConfig(dump: string): AptSetting[] {
  return [...dump.matchAll(/^(\S+) "(.*)";$/gm)]
    .map(([, name = '', value = '']) => ({ name, value }))
    .filter(({ value }) => value !== '');
}

/** Settings for how a mirror is reached, and none for what is fetched, trusted or installed. */
const REACHING = [
  // Proxies, certificates, timeouts, bandwidth, user agent: each method has a subtree, with one for each host
  // in it.
  /^Acquire::(tor\+|mirror\+)?(https?|ftp|socks5h?)::/i,
  /^Acquire::Force(IPv4|IPv6)$/i,
  /^Acquire::(EnableSrvRecords|Retries|By-Hash)$/i,
];

export function reachSettings(settings: readonly AptSetting[]): AptSetting[] {
  return settings.filter(({ name }) => REACHING.some((pattern) => pattern.test(name)));
}

/** Whether it names a proxy, or a program that finds one. */
export function isProxySetting({ name }: AptSetting): boolean {
  return /^Acquire::\S+::Proxy(-?Auto-?Detect)?(::\S*)?$/i.test(name);
}

export function renderSetting({ name, value }: AptSetting): string {
  return `${name} "${value}";`;
}

/** An address without its login, and the login as an entry of apt_auth.conf(5). */
export function splitLogin(address: string): { readonly address: string; readonly entry?: string } {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)([^\s/:]+)(?::([^\s/]*))?@([^\s/@]+(?:\/\S*)?)$/i.exec(address);
  if (match === null) return { address };
  const [, scheme = '', login = '', password = '', rest = ''] = match;
  const plain = scheme + rest;
  const words = [decode(login), ...(password === '' ? [] : ['password', decode(password)])];
  return { address: plain, entry: `machine ${plain.replace(/\/+$/, '')} login ${words.join(' ')}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
