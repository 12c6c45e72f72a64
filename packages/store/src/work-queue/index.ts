export {
  WorkQueue,
  type Claim,
  type DeadWork,
  type Failure,
  type NewWork,
  type WorkQueueOptions,
} from "./work-queue.ts";
