import type {} from "fastify";

declare module "fastify" {
  interface FastifySchema {
    /** What the API document says of a route. */
    summary?: string;
  }
}
