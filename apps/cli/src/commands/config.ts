import { Option, type Command } from "commander";
import type { CommandModule } from "../shell/index.ts";
import { commandOf, type CommandBody } from "./request.ts";

// The words of `qmtl config …`.

export type ConfigTarget = "gateway" | "dagmanager" | "worldservice" | "all";

export interface ConfigValidateRequest {
  readonly config: string | undefined;
  readonly target: ConfigTarget;
  /** Look at the words alone, and call nobody. */
  readonly offline: boolean;
}

export function configValidate(body: CommandBody<ConfigValidateRequest>): CommandModule {
  return commandOf(
    (command) =>
      addConfigOption(command)
        .addOption(
          new Option("--target <service>", "which service's settings")
            .choices(["gateway", "dagmanager", "worldservice", "all"])
            .default("all"),
        )
        .option("--offline", "do not try to reach other services")
        .addHelpText(
          "after",
          `
Exits with 0 when all is well, 1 when something is wrong, 2 when there is no configuration.

Examples:
  $ qmtl config validate
  $ qmtl config validate --config deploy/qmtl.yml --target gateway --offline`,
        ),
    ({ options }) => ({
      config: options["config"] as string | undefined,
      target: options["target"] as ConfigTarget,
      offline: options["offline"] === true,
    }),
    body,
  );
}

export interface ConfigGenerateRequest {
  /** Standard output when absent. */
  readonly out: string | undefined;
  readonly force: boolean;
}

export function configGenerate(body: CommandBody<ConfigGenerateRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .option("--out <file>", "where it goes; standard output by default")
        .option("--force", "replace a file that is there")
        .addHelpText("after", `\nExamples:\n  $ qmtl config generate --out qmtl.yml`),
    ({ options }) => ({ out: options["out"] as string | undefined, force: options["force"] === true }),
    body,
  );
}

export type ShellName = "posix" | "powershell";

export interface EnvExportRequest {
  readonly config: string | undefined;
  readonly includeSecret: boolean;
  readonly shell: ShellName;
}

export function envExport(body: CommandBody<EnvExportRequest>): CommandModule {
  return commandOf(
    (command) =>
      addShellOption(addConfigOption(command))
        .option("--include-secret", "write passwords and connection strings too")
        .addHelpText("after", `\nExamples:\n  $ eval "$(qmtl config env export)"`),
    ({ options }) => ({
      config: options["config"] as string | undefined,
      includeSecret: options["includeSecret"] === true,
      shell: options["shell"] as ShellName,
    }),
    body,
  );
}

export function envShow(body: CommandBody<undefined>): CommandModule {
  return commandOf(
    (command) => void command,
    () => undefined,
    body,
  );
}

export interface EnvClearRequest {
  readonly shell: ShellName;
}

export function envClear(body: CommandBody<EnvClearRequest>): CommandModule {
  return commandOf(
    (command) => addShellOption(command).addHelpText("after", `\nExamples:\n  $ eval "$(qmtl config env clear)"`),
    ({ options }) => ({ shell: options["shell"] as ShellName }),
    body,
  );
}

function addConfigOption(command: Command): Command {
  return command.option("--config <file>", "the configuration; by default QMTL_CONFIG_FILE, then qmtl.yml here");
}

function addShellOption(command: Command): Command {
  return command.addOption(
    new Option("--shell <shell>", "the language of the assignments").choices(["posix", "powershell"]).default("posix"),
  );
}
