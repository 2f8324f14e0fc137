// A command that is a group of others, and shows something by itself.
import type { Command } from "commander";

type Options = { json?: true };

/** Add `syncline <name>`, which runs `show`; whoever asks for a part that it has not is told so. Parts are added to what it gives. */
export const addGroup = (
  program: Command,
  { name, says, examples, show }: { name: string; says: string; examples: string; show: (o: Options) => Promise<void> },
): Command =>
  program
    .command(name)
    .description(says)
    .usage("[options] [command]")
    .enablePositionalOptions()
    .argument("[command]")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async (part: string | undefined, options: Options, command: Command) => {
      if (part !== undefined) command.error(`error: There is no "${name} ${part}". See: syncline ${name} --help`);
      await show(options);
    });
