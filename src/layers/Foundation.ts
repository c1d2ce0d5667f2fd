import { Config, Layer, RuntimeFlags } from "effect"
import { EnvironmentFailpoints } from "./EnvironmentFailpoints.ts"
import { Logging } from "./Logging.ts"
import { MetricsRegistry, PrometheusMetrics } from "./PrometheusMetrics.ts"
import {
  DataDirSettings,
  Environment,
  FailpointSetting,
  HttpSettings,
  KafkaSettings,
  LoggingSettings,
  LogSettings,
  MysqlSettings,
  PanelSettings,
  SubmissionCapacity,
  TopicSettings,
  UseCaseSettings
} from "./Settings.ts"
import { SystemRandomness } from "./SystemRandomness.ts"

/** All of them before anything is opened or waited for, also what this role does not use. */
const CheckedSettings = Layer.effectDiscard(Config.all([
  HttpSettings,
  DataDirSettings,
  PanelSettings,
  LogSettings,
  SubmissionCapacity,
  MysqlSettings,
  TopicSettings,
  KafkaSettings,
  LoggingSettings,
  FailpointSetting
]))

/** What every role stands on. */
export const Foundation = Layer.mergeAll(
  CheckedSettings,
  PrometheusMetrics.pipe(Layer.provideMerge(MetricsRegistry.Live)),
  SystemRandomness,
  UseCaseSettings,
  EnvironmentFailpoints,
  Logging,
  Layer.setTracerEnabled(false),
  RuntimeFlags.disableRuntimeMetrics
).pipe(Layer.provideMerge(Environment))
