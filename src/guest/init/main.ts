/** The program that /init runs: exit code 0 if the stub may hand over, 10 if init has reported why not. */
import { quickjsMachine } from '../qjs/machine.js';
import { exit } from '../qjs/program.js';
import { bootMachine } from './boot.js';

/** Not an exit code of QuickJS or the shell themselves, which init.sh reports. */
const TOLD = 10;

exit(bootMachine(quickjsMachine()) ? 0 : TOLD);
