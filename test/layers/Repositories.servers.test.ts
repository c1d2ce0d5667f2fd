import { inject } from "vitest"
import { mysqlGatewayUnderTest, mysqlProcessorUnderTest } from "../support/LayersMysql.ts"
import { repositoriesConformance } from "./Repositories.conformance.ts"

const adminUrl = inject("database")

if (adminUrl !== null) repositoriesConformance(mysqlGatewayUnderTest(adminUrl), mysqlProcessorUnderTest(adminUrl))
