import { QmtlError, shown, type JsonValue } from "@qmtl/core";
import { captureLocation, codeIdentityOf, type SourceLocation } from "../code-identity/index.ts";
import type { Node, NodeOptions } from "../strategy/node.ts";
import { ownParams } from "../strategy/own-params.ts";
import { OrderStageNode, type OrderPayload, type OrderStage } from "./order-stage.ts";

export interface RouterOptions<P extends JsonValue> extends NodeOptions {
  /**
   * Name of the route of a payload; undefined drops it. A pure function of the payload and the parameters: its code is
   * part of the node's identity, so it must not read variables that are neither.
   */
  readonly route: (payload: OrderPayload, params: P) => string | undefined;
  readonly params?: P;
}

/** Writes `route` into every payload. */
export class RouterNode<P extends JsonValue = JsonValue> extends OrderStageNode {
  readonly nodeType = "RouterNode";
  readonly #route: (payload: OrderPayload, params: P) => string | undefined;
  readonly #params: P | null;
  readonly #location: SourceLocation | undefined;

  constructor(input: Node, options: RouterOptions<P>) {
    super(input, options);
    if (typeof options.route !== "function") {
      throw new QmtlError(
        "NODE_INVALID",
        `route must be a function of (payload, params); found ${shown(options.route)}`,
      );
    }
    this.#route = options.route;
    this.#params = ownParams(options.params) ?? null;
    this.#location = captureLocation();
  }

  /** @throws QmtlError `CODE_CAPTURE`, `CODE_UNREADABLE` */
  get params(): JsonValue {
    const { hash } = codeIdentityOf(this.#route, { location: this.#location });
    return { route_code: hash, params: this.#params };
  }

  defaultName(): string {
    return "router";
  }

  createStage(): OrderStage {
    return {
      handle: (payload) => {
        const route: unknown = this.#route(payload, this.#params as P);
        if (route === undefined) return undefined;
        if (typeof route === "string" && route !== "") return { ...payload, route };
        throw new QmtlError(
          "COMPUTE_RESULT_INVALID",
          `the route of node "${this.name}" must be text or undefined; found ${shown(route)}`,
        );
      },
    };
  }
}
