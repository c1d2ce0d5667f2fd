import { common } from "./common.ts"
import { live } from "./live.ts"
import { rates } from "./rates.ts"
import { shell } from "./shell.ts"
import { signIn } from "./signIn.ts"

export const en = { common, live, rates, shell, signIn }
