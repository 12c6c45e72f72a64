import { parseArgs } from "node:util";
import { nearestWord, QmtlError } from "@qmtl/core";

/** What the command line of a strategy file says about a world. */
export interface RunArguments {
  readonly worldId: string;
  readonly gatewayUrl: string;
  /** From the environment alone: other users see the words of a command. */
  readonly token?: string;
  /** How many times faster than they happened the last rows of the history are replayed as live. */
  readonly replaySpeed?: number | "max";
}

const options = {
  "world-id": { type: "string" },
  "gateway-url": { type: "string" },
  replay: { type: "string" },
} as const;

/**
 * Reads `--world-id W --gateway-url http://127.0.0.1:8000 [--replay 60|max]` of a strategy file that is run by itself.
 *
 * @param args - `process.argv.slice(2)`
 * @param environment - `QMTL_GATEWAY_URL` says where the Gateway is when the words do not, `QMTL_TOKEN` who asks
 * @returns undefined when no world is named: the file runs offline
 * @throws QmtlError `USAGE`
 */
export function runArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): RunArguments | undefined {
  let values: { "world-id"?: string | undefined; "gateway-url"?: string | undefined; replay?: string | undefined };
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true }));
  } catch (cause) {
    const word = args.find((arg) => arg.startsWith("--") && !Object.hasOwn(options, arg.slice(2).split("=")[0]!));
    const guess = word === undefined ? undefined : nearestWord(word.slice(2).split("=")[0]!, Object.keys(options));
    throw new QmtlError(
      "USAGE",
      cause instanceof Error ? cause.message.charAt(0).toLowerCase() + cause.message.slice(1) : String(cause),
      {
        hint: guess === undefined ? "--world-id W --gateway-url URL [--replay SPEED]" : `did you mean --${guess}?`,
      },
    );
  }
  const { "world-id": worldId, replay } = values;
  const gatewayUrl = values["gateway-url"] ?? environment["QMTL_GATEWAY_URL"] ?? "http://127.0.0.1:8000";
  if (worldId === undefined) {
    if (Object.keys(values).length === 0) return undefined;
    throw new QmtlError("USAGE", "--world-id is needed with the other options", {
      hint: "leave all of them out to run offline",
    });
  }
  const token = environment["QMTL_TOKEN"];
  const world = { worldId, gatewayUrl, ...(token !== undefined && token !== "" && { token }) };
  if (replay === undefined) return world;
  const speed = replay === "max" ? "max" : Number(replay);
  if (speed === "max" || (speed > 0 && speed < Infinity)) return { ...world, replaySpeed: speed };
  throw new QmtlError("USAGE", `--replay must be a number above 0 or "max"; found "${replay}"`);
}
