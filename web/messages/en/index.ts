import { common } from "./common.ts"
import { live } from "./live.ts"
import { operator } from "./operator.ts"
import { shell } from "./shell.ts"
import { signIn } from "./signIn.ts"

export const en = { common, live, operator, shell, signIn }
