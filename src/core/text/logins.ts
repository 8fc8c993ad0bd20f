/** Names and passwords in addresses. */

/**
 * The part of an address between // and @ (RFC 3986, "userinfo"), up to the last @ before the path: people write passwords as they are,
 * not in percents.
 */
const LOGIN = /([a-z][a-z0-9+.-]*:\/\/)[^\s/]+@/gi;

/** A text without the names and passwords that addresses in it hold. */
export function withoutLogins(text: string): string {
  return text.replace(LOGIN, '$1***@');
}
