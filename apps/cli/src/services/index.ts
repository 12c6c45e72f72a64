export { runServices } from "./run-services.ts";
export { startDagManager } from "./start-dag-manager.ts";
export { startGateway } from "./start-gateway.ts";
export { startWorld } from "./start-world.ts";
