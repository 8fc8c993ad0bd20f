/** How `--help` describes options. */
import { Help, type Option } from '@commander-js/extra-typings';

const standard = new Help();

/**
 * As commander does, without what adds nothing: that a flag is not set, and a value that the description
 * already names.
 */
export function describeOption(option: Option): string {
  const { defaultValue } = option;
  const shown: Option = Object.create(option, {
    defaultValue: { value: defaultValue === false ? undefined : defaultValue },
    presetArg: { value: undefined },
  });
  return standard.optionDescription(shown);
}
