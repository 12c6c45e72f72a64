import {
  AllocationRequest,
  EdgeOverridePut,
  ValidationContext,
  ValidationPut,
  WorldNodePut,
} from "@qmtl/contracts/worlds";
import { allows } from "@qmtl/service/auth";
import type { WorldServices } from "../domain/world-services.ts";
import { askedOf } from "./asked.ts";
import type { AddRoute } from "./route.ts";

/** Nodes, edges, validations and allocations. */
export function addRegistries(route: AddRoute, { nodes, allocations }: WorldServices): void {
  route("GET", "/worlds/:id/nodes", { role: "reader", summary: "nodes of the world" }, async ({ request, id }) =>
    nodes.nodes(id, request.query["execution_domain"]),
  );
  route("GET", "/worlds/:id/nodes/:node", { role: "reader", summary: "a node of the world" }, async ({ request, id }) =>
    nodes.node(id, request.params["node"] ?? "", request.query["execution_domain"]),
  );
  route(
    "PUT",
    "/worlds/:id/nodes/:node",
    { role: "operator", body: WorldNodePut, summary: "the status of a node" },
    async ({ request, id, body }) => nodes.putNode(id, askedOf(request, "node"), request.params["node"] ?? "", body),
  );
  route(
    "DELETE",
    "/worlds/:id/nodes/:node",
    { role: "operator", summary: "forget a node" },
    async ({ request, reply, id }) => {
      await nodes.removeNode(
        id,
        askedOf(request, "node"),
        request.params["node"] ?? "",
        request.query["execution_domain"],
      );
      return reply.code(204).send();
    },
  );
  route(
    "GET",
    "/worlds/:id/edges/overrides",
    { role: "reader", summary: "edges that are cut or joined" },
    async ({ id }) => nodes.overrides(id),
  );
  route(
    "PUT",
    "/worlds/:id/edges/:src/:dst",
    { role: "operator", body: EdgeOverridePut, summary: "cut or join an edge" },
    async ({ request, id, body }) =>
      nodes.putOverride(id, askedOf(request, "edge"), request.params["src"] ?? "", request.params["dst"] ?? "", body),
  );
  route(
    "POST",
    "/worlds/:id/validations/cache/lookup",
    { role: "operator", body: ValidationContext, summary: "what is known of a node's validity" },
    async ({ request, id, body }) => nodes.lookupValidation(id, askedOf(request, "validation"), body),
  );
  route(
    "POST",
    "/worlds/:id/validations/cache",
    { role: "operator", body: ValidationPut, summary: "remember a node's validity" },
    async ({ request, id, body }) => nodes.putValidation(id, askedOf(request, "validation"), body),
  );
  route(
    "DELETE",
    "/worlds/:id/validations/:node",
    { role: "operator", summary: "forget a node's validity" },
    async ({ request, reply, id }) => {
      await nodes.clearValidations(
        id,
        askedOf(request, "validation"),
        request.params["node"] ?? "",
        request.query["execution_domain"],
      );
      return reply.code(204).send();
    },
  );

  route(
    "POST",
    "/allocations",
    { role: "operator", everywhere: true, body: AllocationRequest, summary: "share equity among worlds" },
    async ({ request, body }) => allocations.set(askedOf(request, "allocations"), body),
  );
  route("GET", "/allocations", { role: "reader", summary: "how equity is shared among worlds" }, async ({ request }) =>
    allocations.get(request.query["world_id"], (id) => allows(request.principal, "reader", id)),
  );
}
