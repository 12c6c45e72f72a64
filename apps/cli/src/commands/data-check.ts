import { commandOf, type CommandBody } from "./request.ts";
import type { CommandModule } from "../shell/index.ts";

export interface DataCheckRequest {
  readonly file: string;
  /** As the author wrote it: `1d`, `60`. Found from the rows when absent. */
  readonly interval: string | undefined;
  readonly timeZone: string | undefined;
  readonly timeFormat: string | undefined;
}

export function dataCheck(body: CommandBody<DataCheckRequest>): CommandModule {
  return commandOf(
    (command) =>
      command
        .argument("<file>", "CSV, Parquet, Arrow or JSON lines")
        .option("--interval <interval>", "what the rows should be apart: 1m, 1h, 1d")
        .option("--time-zone <zone>", "zone of times that carry none", "UTC")
        .option("--time-format <format>", "how times are written: iso, DD/MM/YYYY, epoch-s, epoch-ms, ...")
        .addHelpText(
          "after",
          `\nNames file, row and value of what is wrong; exits with 1 when a run would refuse the file.\n\nExamples:\n  $ qmtl data check data/btc.csv --interval 1h`,
        ),
    ({ words: [file], options }) => ({
      file: file as string,
      interval: options["interval"] as string | undefined,
      timeZone: options["timeZone"] as string | undefined,
      timeFormat: options["timeFormat"] as string | undefined,
    }),
    body,
  );
}
