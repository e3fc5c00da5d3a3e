import { suite } from "@dueline/port-contracts/http/HttpClientContract"
import { makeEgressGuard } from "../src/egress/EgressGuard.ts"
import { layer } from "../src/egress/UndiciHttpClient.ts"

suite("undici", { layer: layer({ guard: makeEgressGuard(["127.0.0.1", "localhost"]) }) })
