import type { Translation } from "../Messages.ts"
import { common } from "./common.ts"
import { live } from "./live.ts"
import { rates } from "./rates.ts"
import { shell } from "./shell.ts"
import { signIn } from "./signIn.ts"

export const ptBR: Translation = { common, live, rates, shell, signIn }
