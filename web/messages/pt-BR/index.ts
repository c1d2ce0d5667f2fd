import type { Translation } from "../Messages.ts"
import { common } from "./common.ts"
import { drawer } from "./drawer.ts"
import { live } from "./live.ts"
import { operator } from "./operator.ts"
import { rates } from "./rates.ts"
import { send } from "./send.ts"
import { shell } from "./shell.ts"
import { signIn } from "./signIn.ts"

export const ptBR: Translation = { common, drawer, live, operator, rates, send, shell, signIn }
