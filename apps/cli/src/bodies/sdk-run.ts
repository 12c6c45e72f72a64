import { sdkRun } from "../commands/tools-sdk.ts";
import { refuseWorld, runOffline } from "./run-offline.ts";

export const command = sdkRun(async (request, context) => {
  refuseWorld(request);
  return runOffline(request, context);
});
