export { type AccessRule, type WorldPlace } from "./access.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions, type RouteEntry } from "./create-http-server.ts";
export { defaultHttpLimits, type HttpLimits } from "./limits.ts";
export { listen, listenError } from "./listen.ts";
