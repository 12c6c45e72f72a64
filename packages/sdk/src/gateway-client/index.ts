export { ControlStream, type ControlStreamOptions } from "./control-stream.ts";
export { GatewayClient, type GatewayClientOptions } from "./gateway-client.ts";
export { strategyDocument } from "./strategy-document.ts";
