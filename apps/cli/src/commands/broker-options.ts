import type { Command } from "commander";
import { collect, parametersOf } from "./request.ts";
import { parseNumber, type CommandCall } from "../shell/index.ts";

/** Options of the account a command trades with. */
export function addBrokerOptions(command: Command): Command {
  return command
    .option("--cash <amount>", "money the account starts with", parseNumber)
    .option("--fee <rate>", "fee as a fraction of what is traded: 0.001 is 10 basis points", parseNumber)
    .option("--semantics <profile>", "fill rules of: qmtl, vectorbt, backtesting.py, backtrader")
    .option("--broker <name=value>", "any other option of the broker, its value as JSON; may be repeated", collect, []);
}

/** Broker options by name, as given. */
export function brokerOf({ cash, fee, semantics, broker }: CommandCall["options"]): Readonly<Record<string, unknown>> {
  return {
    ...parametersOf(broker as readonly string[]),
    ...(cash !== undefined && { cash }),
    ...(fee !== undefined && { fees: fee === 0 ? { kind: "none" } : { kind: "percent", rate: fee } }),
    ...(semantics !== undefined && { semantics }),
  };
}
