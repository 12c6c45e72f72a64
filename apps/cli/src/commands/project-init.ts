import { QmtlError } from "@qmtl/core/errors";
import { commandOf, type CommandBody } from "./request.ts";
import type { CommandModule } from "../shell/index.ts";

export type ProjectInitRequest =
  | { readonly kind: "list-templates" }
  | {
      readonly kind: "create";
      readonly path: string;
      readonly template: string;
      readonly withSampleData: boolean;
      /** Files that are there already may be overwritten. */
      readonly force: boolean;
    };

export function projectInit(body: CommandBody<ProjectInitRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .option("--path <folder>", "where the project goes; made when it is not there")
        .option("--strategy <template>", "the strategy to start from", "general")
        .option("--list-templates", "print the names of the templates, one per line")
        .option("--with-sample-data", "add real daily bars to play with")
        .option("--force", "overwrite files that are there")
        .addHelpText(
          "after",
          `
Examples:
  $ qmtl project init --list-templates
  $ qmtl project init --path my_qmtl_project --strategy branching --with-sample-data
  $ cd my_qmtl_project && npm install && npm start`,
        ),
    ({ options }): ProjectInitRequest => {
      if (options["listTemplates"] === true) return { kind: "list-templates" };
      const { path } = options;
      if (typeof path !== "string" || path === "") {
        throw new QmtlError("USAGE", "expected --path FOLDER or --list-templates, found neither", {
          hint: "write for example: qmtl project init --path my_qmtl_project",
        });
      }
      return {
        kind: "create",
        path,
        template: options["strategy"] as string,
        withSampleData: options["withSampleData"] === true,
        force: options["force"] === true,
      };
    },
    body,
  );
}
