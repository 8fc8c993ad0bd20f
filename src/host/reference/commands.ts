/** The command line as plain data, from the program itself. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';

export interface OptionOutline {
  /** As typed: `-o, --output <dir>`. */
  readonly flags: string;
  readonly long: string;
  readonly short?: string | undefined;
  readonly description: string;
  /** Whether a value follows. */
  readonly value: boolean;
  readonly choices: readonly string[];
  readonly variable?: string | undefined;
}

export interface CommandOutline {
  /** As typed, without the program's name: `layers show`. */
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionOutline[];
}

/** Every command, without those that only group others. */
export function outlineCommands(program: CommandUnknownOpts): CommandOutline[] {
  return program.commands.flatMap((command) => outlineCommand(command, ''));
}

function outlineCommand(command: CommandUnknownOpts, prefix: string): CommandOutline[] {
  const name = prefix + command.name();
  if (command.commands.length > 0) return command.commands.flatMap((one) => outlineCommand(one, `${name} `));
  const options = command.options.map((option) => ({
    flags: option.flags,
    long: option.long ?? option.flags,
    short: option.short,
    description: option.description,
    value: option.required || option.optional,
    choices: option.argChoices ?? [],
    variable: option.envVar,
  }));
  return [{ name, usage: command.usage(), description: command.description(), options }];
}
