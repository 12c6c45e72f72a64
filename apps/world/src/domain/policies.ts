import { blake3Text, formatInstant, QmtlError, sortedAsciiJson } from "@qmtl/core";
import { parsePolicy, type Policy } from "@qmtl/policy/document";
import type { Asked, WorldStore } from "../store/world-store.ts";
import { publishPolicy } from "./policy-events.ts";
import { requireEtag } from "./preconditions.ts";

export interface PolicyVersion {
  readonly version: number;
  readonly checksum: string;
  /** Whether it is the one that holds. */
  readonly default: boolean;
  readonly created_at: string;
}

/** Versions of a world's policy. The first is the default; a later one becomes it when it is chosen. */
export class Policies {
  readonly #store: WorldStore;
  /** Parsed policies by checksum: parsing costs more than deciding. */
  readonly #parsed = new Map<string, Policy>();

  constructor(store: WorldStore) {
    this.#store = store;
  }

  /** @throws QmtlError `POLICY_INVALID`; the default is as it was then */
  async add(worldId: string, asked: Asked, source: unknown): Promise<{ version: number; checksum: string }> {
    const policy = parsePolicy(source);
    if (policy.world !== undefined && policy.world !== worldId) {
      throw new QmtlError("POLICY_INVALID", `the policy is for world "${policy.world}"; found "${worldId}"`, {
        details: { path: ["world"] },
      });
    }
    return this.#store.turn(worldId, async () => {
      const { result } = await this.#store.change(worldId, asked, "policy_added", async (change) => {
        const { transaction, world, nowMs, set, note } = change;
        const { last } = await transaction
          .selectFrom("world_policies")
          .select((table) => table.fn.max("version").as("last"))
          .where("world_id", "=", worldId)
          .executeTakeFirstOrThrow();
        const version = Number(last ?? 0) + 1;
        const { checksum } = policy;
        const row = {
          world_id: worldId,
          version,
          document: JSON.stringify(policy.document),
          checksum,
          created_ms: nowMs,
        };
        await transaction.insertInto("world_policies").values(row).execute();
        note({ version, checksum });
        await forgetValidations(transaction, worldId);
        if (world.row.default_policy_version === 0) {
          set({ default_policy_version: version });
          publishPolicy(change, version, checksum);
        }
        return { version, checksum };
      });
      return result;
    });
  }

  async versions(worldId: string): Promise<readonly PolicyVersion[]> {
    const { row } = await this.#store.current(worldId);
    const rows = await this.#store.database
      .selectFrom("world_policies")
      .select(["version", "checksum", "created_ms"])
      .where("world_id", "=", worldId)
      .orderBy("version")
      .execute();
    return rows.map(({ version, checksum, created_ms }) => ({
      version,
      checksum,
      default: version === row.default_policy_version,
      created_at: formatInstant(created_ms),
    }));
  }

  /** The document. @throws QmtlError `POLICY_NOT_FOUND` */
  async document(worldId: string, version: number): Promise<unknown> {
    return JSON.parse((await this.#row(worldId, version)).document);
  }

  /** @throws QmtlError `POLICY_NOT_FOUND` */
  async parsed(worldId: string, version: number): Promise<Policy> {
    const { document, checksum } = await this.#row(worldId, version);
    const known = this.#parsed.get(checksum);
    if (known !== undefined) return known;
    const policy = parsePolicy(JSON.parse(document));
    if (this.#parsed.size >= parsedMax) this.#parsed.clear();
    this.#parsed.set(checksum, policy);
    return policy;
  }

  /** @throws QmtlError `POLICY_NOT_FOUND`, `PRECONDITION_FAILED`, `PRECONDITION_REQUIRED` */
  async setDefault(worldId: string, asked: Asked, version: number, ifMatch: string | undefined): Promise<void> {
    await this.#store.turn(worldId, () =>
      this.#store.change(worldId, asked, "policy_default_set", async (change) => {
        requireEtag(change.world, ifMatch);
        const { checksum } = await this.#row(worldId, version, change.transaction);
        change.note({ version, checksum, before: change.world.row.default_policy_version });
        change.set({ default_policy_version: version });
        await forgetValidations(change.transaction, worldId);
        publishPolicy(change, version, checksum);
      }),
    );
  }

  /** Hash of the versions there are and of the one that holds. */
  async stateHash(worldId: string): Promise<{ state_hash: string; sequence: number; policy_version: number }> {
    const { row } = await this.#store.current(worldId);
    const versions = await this.versions(worldId);
    const checksum = versions.find(({ version }) => version === row.default_policy_version)?.checksum ?? null;
    return {
      state_hash: blake3Text(sortedAsciiJson(["qmtl/policy/1", row.default_policy_version, checksum])),
      sequence: row.policy_sequence,
      policy_version: row.default_policy_version,
    };
  }

  async #row(
    worldId: string,
    version: number,
    database = this.#store.database,
  ): Promise<{ document: string; checksum: string }> {
    const row = await database
      .selectFrom("world_policies")
      .select(["document", "checksum"])
      .where("world_id", "=", worldId)
      .where("version", "=", version)
      .executeTakeFirst();
    if (row !== undefined) return row;
    const what = version === 0 ? "no policy" : `no policy of version ${version}`;
    throw new QmtlError("POLICY_NOT_FOUND", `world "${worldId}" has ${what}`, {
      details: { world_id: worldId, version },
      hint: "add a policy first",
    });
  }
}

const parsedMax = 200;

async function forgetValidations(database: WorldStore["database"], worldId: string): Promise<void> {
  await database.deleteFrom("world_validations").where("world_id", "=", worldId).execute();
}
