export { queueFilterOf, type QueueFilter } from "./queue-filter.ts";
export { matchesQuery, normalizedTags, queryText, tagQueryOf, type MatchMode, type TagQuery } from "./tag-query.ts";
