import { Layer } from "effect"
import { Audit } from "../services/Audit.ts"
import { Authenticate } from "../services/Authenticate.ts"
import { AwaitDecision } from "../services/AwaitDecision.ts"
import { CreateAccount } from "../services/CreateAccount.ts"
import { FailedAttempts } from "../services/FailedAttempts.ts"
import { ManageAccounts } from "../services/ManageAccounts.ts"
import { ManageParked } from "../services/ManageParked.ts"
import { ManageSecrets } from "../services/ManageSecrets.ts"
import { MeasurePipeline } from "../services/MeasurePipeline.ts"
import { ProcessTransactions } from "../services/ProcessTransactions.ts"
import { RecordDecisions } from "../services/RecordDecisions.ts"
import { ResendOverdue } from "../services/ResendOverdue.ts"
import { SecretUses } from "../services/SecretUses.ts"
import { SubmitTransaction } from "../services/SubmitTransaction.ts"
import { Summarize } from "../services/Summarize.ts"
import { TailedEventFeed } from "../services/TailedEventFeed.ts"
import { WatchPipeline } from "../services/WatchPipeline.ts"

/** The use cases of each role. */
export const IntakeUseCases = Layer.mergeAll(
  SubmitTransaction.Default,
  AwaitDecision.Default,
  Authenticate.Default,
  SecretUses.Default,
  CreateAccount.Default,
  ManageAccounts.Default,
  ManageSecrets.Default,
  ManageParked.Default,
  WatchPipeline.Default,
  Summarize.Default,
  FailedAttempts.Default,
  TailedEventFeed,
  Audit.Default
)
export const ProcessorUseCases = ProcessTransactions.Default
export const RecorderUseCases = Layer.mergeAll(RecordDecisions.Default, ResendOverdue.Default, MeasurePipeline.Default)
