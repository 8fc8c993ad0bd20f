/** Kinds of text in fields of a definition. A message completes "it ...". */
import { z } from 'zod';
import { wrongPackage } from '../package-names.js';

/** A host name of one label (hostname(7), RFC 1123). */
export const hostnameSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must consist of 1 to 63 of a-z, 0-9 and -, and must not begin or end with -',
  );

/** A package's name (Debian Policy 5.6.1). One that ends with `-` apt-get(8) would remove. */
export const packageName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/,
    'must consist of a-z, 0-9, +, - and ., and must not end with -, as in libstdc++6',
  );

/** A package as apt-get(8) accepts it, or a file with one. */
export const packageChoice = z.string().superRefine((text, context) => {
  const wrong = wrongPackage(text);
  if (wrong === undefined) return;
  const { message, ...params } = wrong;
  context.addIssue({ code: 'custom', message, params });
});

export const suiteName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'must be a suite in lower case, such as trixie or sid');

export const httpAddress = z
  .string()
  .regex(/^(https?|file|copy):\/\/?\S+$/, 'must be a URL that begins with http://, https:// or file:');

/** A file on a server, which must have this digest. */
export const fetched = {
  url: z
    .string()
    .regex(/^(https?|ftp):\/\/\S+$/, 'must be a URL that begins with http:// or https://')
    .describe('URL of a file, which is downloaded when a build requires it, and cached by its digest.'),
  sha256: z
    .string()
    .regex(
      /^[0-9a-f]{64}$/,
      'must be 64 hexadecimal digits, as sha256sum prints them; with 64 zeros, a build prints what it downloaded',
    )
    .describe('SHA-256 of the file, as its publisher gives it: 64 hexadecimal digits.'),
};

/** A name that adduser(8) accepts (useradd's own rule, shadow's NAME_REGEX). */
export const userName = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_-]{0,31}$/,
    'must consist of 1 to 32 of a-z, 0-9, _ and -, and must begin with a letter or _',
  );

/** An absolute path in the machine, without `..`. */
export const machinePath = z
  .string()
  .regex(
    /^\/(?!.*(^|\/)\.{1,2}(\/|$))[^\0]*[^\0/]$/,
    'must be an absolute path, without . and .., that does not end with /',
  );

/** Permission bits in octal, as for chmod(1). */
export const mode = z.string().regex(/^[0-7]{3,4}$/, 'must be three or four octal digits, such as "0644"');

export const owner = z
  .string()
  .regex(
    /^([a-z_][a-z0-9_-]*|\d+)(:([a-z_][a-z0-9_-]*|\d+))?$/,
    'must be USER or USER:GROUP, such as "www-data:www-data"',
  );

/** A systemd unit; one without a suffix is a service. */
export const unitName = z
  .string()
  .regex(/^[A-Za-z0-9:_.\\@-]+$/, 'must be the name of a unit, such as "nginx" or "nginx.service"');

export const terminal = z
  .string()
  .regex(
    /^(tty[1-6]|tty[A-Z]+[0-9]+|hvc[0-9])$/,
    'must be a terminal: "tty1" to "tty6", or one such as "ttyS0"',
  );

/** A path on this host; relative to the file that names it. */
export const hostPath = z.string().min(1, 'must be a path');
