import { Layer, RuntimeFlags } from "effect"
import { EnvironmentFailpoints } from "./EnvironmentFailpoints.ts"
import { Logging } from "./Logging.ts"
import { MetricsRegistry, PrometheusMetrics } from "./PrometheusMetrics.ts"
import { Environment, UseCaseSettings } from "./Settings.ts"
import { SystemRandomness } from "./SystemRandomness.ts"

/** What every role stands on. */
export const Foundation = Layer.mergeAll(
  PrometheusMetrics.pipe(Layer.provideMerge(MetricsRegistry.Live)),
  SystemRandomness,
  UseCaseSettings,
  EnvironmentFailpoints,
  Logging,
  Layer.setTracerEnabled(false),
  RuntimeFlags.disableRuntimeMetrics
).pipe(Layer.provideMerge(Environment))
