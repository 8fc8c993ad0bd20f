/** What test/power-cut runs: power cuts by the hundred. */
import { cutPower } from './power-cuts.js';

const count = Number(process.argv[2] ?? 100);
if (!Number.isInteger(count) || count < 1) {
  process.stderr.write('error: how often is to be a number\n');
  process.exit(2);
}
const {
  kills,
  old,
  new: whole,
  afterSaved,
  parts,
} = await cutPower(count, (line) => process.stderr.write(`${line}\n`));
process.stdout.write(
  `${kills} kills: ${old} old, ${whole} new (${afterSaved} of them after it was said to be saved), ${parts} broken files left over\n`,
);
