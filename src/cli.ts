#!/usr/bin/env node
import { runCommandLine } from "./layers/cli/CommandLine.ts"

runCommandLine()
