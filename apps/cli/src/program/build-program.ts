import { Command } from "commander";
import type { CommandCall, CommandModule } from "../shell/index.ts";
import type { CommandEntry } from "./tree.ts";

export interface ProgramOptions {
  readonly tree: readonly CommandEntry[];
  /** Help texts arrive here. */
  readonly write: (text: string) => void;
  /** Called with the command that was asked for and its parsed words. */
  readonly run: (command: CommandModule, call: Omit<CommandCall, "context">) => Promise<void>;
}

/** The commander program over a command tree. Parsing throws `CommanderError` instead of exiting. */
export function buildProgram({ tree, write, run }: ProgramOptions): Command {
  const program = new Command("qmtl")
    .description("Trading strategies as graphs of small compute nodes: one file from backtest to live.")
    .option("-V, --version", "print the version")
    .option("--json", "print one JSON document on standard output, errors included")
    .option("--debug", "print stack traces with errors, as QMTL_DEBUG=1 does")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => {} })
    .exitOverride();
  addEntries(program, tree, run);
  return program;
}

function addEntries(parent: Command, entries: readonly CommandEntry[], run: ProgramOptions["run"]): void {
  const loaders = new Map<string, () => Promise<void>>();
  for (const entry of entries) {
    const command = parent.command(entry.name).summary(entry.summary).description(sentence(entry.summary));
    if ("commands" in entry) {
      addEntries(command, entry.commands, run);
      continue;
    }
    loaders.set(entry.name, async () => {
      const { command: module } = await entry.load();
      module.configure(command);
      command.action(() =>
        run(module, { words: command.processedArgs as CommandCall["words"], options: command.opts() }),
      );
    });
  }
  // Commander calls this before it parses the words of the sub-command, or shows its help.
  parent.hook("preSubcommand", async (_parent, command) => loaders.get(command.name())?.());
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
