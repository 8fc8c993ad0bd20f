// Software that Debian lacks, built from source in a throw-away system. The machine gets only what it
// installs.
import { defineMachine } from 'mkma';

export default defineMachine({
  extends: ['console'],
  hostname: 'built',
  builds: [
    {
      name: 'greet',
      sources: { greet: './greet' },
      packages: ['libncurses-dev', 'pkgconf'],
      run: 'make -C greet',
      install: 'make -C greet install PREFIX=/usr/local',
    },
  ],
  // Needed to run. Packages to build it stay outside.
  packages: ['libncurses6'],
  tests: [
    {
      name: 'the program runs, and its compiler is not there',
      async run(guest) {
        const said = await guest.ok('TERM=linux greet');
        if (!said.startsWith('hello, a terminal of 8 colours')) throw new Error(said);
        const compiler = await guest.run('command -v gcc');
        if (compiler.exitCode === 0) throw new Error('the compiler is in the machine');
      },
    },
  ],
});
