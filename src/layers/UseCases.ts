import { Layer } from "effect"
import { Audit } from "../services/Audit.ts"
import { Authenticate } from "../services/Authenticate.ts"
import { AwaitDecision } from "../services/AwaitDecision.ts"
import { CreateAccount } from "../services/CreateAccount.ts"
import { ProcessTransactions } from "../services/ProcessTransactions.ts"
import { RecordDecisions } from "../services/RecordDecisions.ts"
import { ResendOverdue } from "../services/ResendOverdue.ts"
import { SubmitTransaction } from "../services/SubmitTransaction.ts"

/** The use cases of each role. */
export const IntakeUseCases = Layer.mergeAll(
  SubmitTransaction.Default,
  AwaitDecision.Default,
  Authenticate.Default,
  CreateAccount.Default,
  Audit.Default
)
export const ProcessorUseCases = ProcessTransactions.Default
export const RecorderUseCases = Layer.mergeAll(RecordDecisions.Default, ResendOverdue.Default)
