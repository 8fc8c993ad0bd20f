/** Names and passwords in URLs. */

/**
 * The part of a URL between // and @ (RFC 3986, "userinfo"), up to the last @ before the path: people write
 * passwords without percent-encoding.
 */
const LOGIN = /([a-z][a-z0-9+.-]*:\/\/)[^\s/]+@/gi;

/** The text without names and passwords of URLs in it. */
export function withoutLogins(text: string): string {
  return text.replace(LOGIN, '$1***@');
}
