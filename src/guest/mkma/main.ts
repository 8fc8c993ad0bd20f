/** The program `mkma` of the running machine. */
import { exit, programArguments, quickjsTerminal } from '../qjs/program.js';
import { runningMachine } from '../qjs/running.js';
import { runProgram } from './program.js';

exit(await runProgram(programArguments(), { machine: runningMachine(), terminal: quickjsTerminal() }));
