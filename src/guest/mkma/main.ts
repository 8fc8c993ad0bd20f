/** The program `mkma` of the running machine. */
import { exit, programArguments, quickjsTerminal, runningMachine } from '../qjs.js';
import { runProgram } from './program.js';

exit(await runProgram(programArguments(), { machine: runningMachine(), terminal: quickjsTerminal() }));
