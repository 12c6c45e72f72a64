import { sdkRun } from "../commands/tools-sdk.ts";
import { followWorld } from "./follow-world.ts";
import { runOffline } from "./run-offline.ts";

export const command = sdkRun((request, context) =>
  request.world === undefined ? runOffline(request, context) : followWorld(request, request.world, context),
);
