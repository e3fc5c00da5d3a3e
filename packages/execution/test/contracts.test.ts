import { suite } from "@dueline/port-contracts/HttpClientContract"
import { makeEgressGuard } from "../src/EgressGuard.ts"
import { layer } from "../src/UndiciHttpClient.ts"

suite("undici", { layer: layer({ guard: makeEgressGuard(["127.0.0.1", "localhost"]) }) })
