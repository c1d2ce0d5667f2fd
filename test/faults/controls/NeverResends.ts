import { NoResend } from "./NoResend.ts"
import { runWrongRole } from "./WrongRoles.ts"

runWrongRole({ resend: NoResend })
