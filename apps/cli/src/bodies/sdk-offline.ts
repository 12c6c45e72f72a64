import { sdkOffline } from "../commands/tools-sdk.ts";
import { runOffline } from "./run-offline.ts";

export const command = sdkOffline(runOffline);
