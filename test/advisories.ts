/** What `npm audit --json` answers. Pure. */

/** Advisories by package; or why there is no answer: the registry is out of reach, or serves none (many mirrors do not). */
export type Answer = { readonly advisories: readonly string[] } | { readonly none: string };

interface Via {
  readonly title?: string;
  readonly url?: string;
  readonly severity?: string;
}

/** npm's report of version 2: https://docs.npmjs.com/cli/v11/commands/npm-audit */
interface Report {
  readonly auditReportVersion?: number;
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly range?: string; readonly via?: readonly (string | Via)[] }>
  >;
  readonly message?: string;
  readonly error?: { readonly summary?: string };
}

/**
 * Read what npm printed on its standard output, whatever it ended with: it ends with 1 for either kind of answer. Only advisories for
 * the packages named are given.
 */
export function readAnswer(stdout: string, shipped: readonly string[]): Answer {
  const report = parse(stdout);
  if (report?.auditReportVersion === undefined || report.vulnerabilities === undefined) {
    return { none: report?.message || report?.error?.summary || 'npm printed no report' };
  }
  const found = Object.entries(report.vulnerabilities).filter(([name]) => shipped.includes(name));
  const advisories = found.flatMap(([name, { range, via }]) =>
    (via ?? [])
      // A text is the name of a package that this one depends on, which has an entry of its own.
      .filter((one) => typeof one !== 'string')
      .map(({ severity, title, url }) => `${name} ${range}: ${severity}: ${title} (${url})`),
  );
  return { advisories };
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
