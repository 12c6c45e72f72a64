export type {
  Appended,
  DataLog,
  DivergenceAlarm,
  LogHandler,
  LogRecord,
  LogSubscribeOptions,
  NewTopic,
  OutgoingRecord,
  TopicConfig,
  TopicInfo,
} from "./data-log.ts";
