/** Results in JUnit's XML, which continuous integration systems read. Pure. */

/** One thing that was tested. */
interface JUnitCase {
  readonly name: string;
  /** Seconds; absent if not measured. */
  readonly seconds?: number | undefined;
  /** Why it failed, if it did. */
  readonly failure?: string | undefined;
  /** Where it failed. */
  readonly where?: string | undefined;
}

export interface JUnitSuite {
  readonly name: string;
  readonly cases: readonly JUnitCase[];
}

/** The document. */
export function renderJUnit(suites: readonly JUnitSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="mkma test"${counts(all)}>`,
    ...suites.flatMap(renderSuite),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function renderSuite({ name, cases }: JUnitSuite): string[] {
  return [
    `  <testsuite name="${escapeXml(name)}"${counts(cases)}>`,
    ...cases.flatMap((one) => renderCase(name, one)),
    '  </testsuite>',
  ];
}

function renderCase(suite: string, { name, seconds, failure, where }: JUnitCase): string[] {
  const attributes = `name="${escapeXml(name)}" classname="${escapeXml(suite)}" time="${time(seconds ?? 0)}"`;
  if (failure === undefined) return [`    <testcase ${attributes}/>`];
  const [first = ''] = failure.split('\n');
  const text = where === undefined ? failure : `${where}\n${failure}`;
  return [
    `    <testcase ${attributes}>`,
    `      <failure message="${escapeXml(first)}">${escapeXml(text)}</failure>`,
    '    </testcase>',
  ];
}

function counts(cases: readonly JUnitCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const seconds = cases.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
  return ` tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${time(seconds)}"`;
}

function time(seconds: number): string {
  return seconds.toFixed(3);
}

/** Text for an attribute or an element. What XML 1.0 cannot hold at all ("Char") becomes U+FFFD. */
export function escapeXml(text: string): string {
  return (
    text

      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be replaced.
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll('\r', '&#13;')
  );
}
