export type {
  Appended,
  DataLog,
  DivergenceAlarm,
  LogHandler,
  LogRecord,
  LogSubscribeOptions,
  OutgoingRecord,
  TopicConfig,
  TopicInfo,
} from "./data-log.ts";
