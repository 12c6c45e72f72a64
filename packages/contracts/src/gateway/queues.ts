import { Type, type Static } from "typebox";

/** A data queue. `global` ones are shared by every world and not consumed node by node. */
export type QueueDescriptor = Static<typeof QueueDescriptor>;
export const QueueDescriptor = Type.Object({ queue: Type.String({ minLength: 1 }), global: Type.Boolean() });

/** What `GET /queues/by_tag` answers. */
export type QueuesByTag = Static<typeof QueuesByTag>;
export const QueuesByTag = Type.Object({ queues: Type.Array(QueueDescriptor) });
