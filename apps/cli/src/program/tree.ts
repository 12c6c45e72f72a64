import type { CommandModule } from "../shell/index.ts";

/** What `qmtl --help` knows of a command. The command's own code is loaded when it is called. */
export interface CommandLeaf {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandEntry[];
}

export type CommandEntry = CommandLeaf | CommandGroup;

export const commandTree: readonly CommandEntry[] = [
  {
    name: "tools",
    summary: "work on strategy files and results",
    commands: [
      {
        name: "report",
        summary: "turn a file of returns into a Markdown report",
        load: () => import("../commands/tools-report.ts"),
      },
      {
        name: "taglint",
        summary: "check the TAGS of node modules",
        load: () => import("../commands/tools-taglint.ts"),
      },
    ],
  },
];
