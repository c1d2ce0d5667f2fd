import { Config, Layer, RuntimeFlags } from "effect"
import { EnvironmentFailpoints } from "./EnvironmentFailpoints.ts"
import { Logging } from "./Logging.ts"
import { OtlpTracing } from "./OtlpTracing.ts"
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
  TracingSettings,
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
  TracingSettings,
  FailpointSetting
]))

/** What every role stands on. */
export const Foundation = Layer.mergeAll(
  CheckedSettings,
  OtlpTracing.pipe(
    Layer.provideMerge(PrometheusMetrics),
    Layer.provideMerge(MetricsRegistry.Live),
    Layer.provideMerge(SystemRandomness),
    Layer.provide(Logging)
  ),
  UseCaseSettings,
  EnvironmentFailpoints,
  Logging,
  Layer.setTracerEnabled(false),
  RuntimeFlags.disableRuntimeMetrics
).pipe(Layer.provideMerge(Environment))
