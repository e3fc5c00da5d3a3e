import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "./runCli.ts"

const id = "018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"
const common = {
  id,
  version: 1,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  correlationId: "0abc"
}
const answers: Readonly<Record<string, object>> = {
  customers: { ...common, status: "Active", erasedAt: null, profile: null, links: { self: `/ops/customers/${id}` } },
  bins: {
    ...common,
    serialNumber: "SK-1",
    category: "skip",
    sizeLitres: 7_000,
    capacityLitres: 7_000,
    status: "Active",
    location: null,
    customerId: null,
    links: { self: `/ops/bins/${id}` }
  },
  orders: {
    ...common,
    status: "Draft",
    kind: "swap",
    customerId: id,
    binId: id,
    window: null,
    items: [],
    notifications: [],
    endedAt: null,
    links: { self: `/ops/orders/${id}` }
  }
}

it.effect("customer, bin and order show one as it is, or as it was with a version or at an instant", () =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const { pathname, search } = new URL(new Request(input, init).url)
      asked.push(pathname + search)
      return Response.json(answers[pathname.split("/")[2] ?? ""], {
        headers: { etag: '"1"', "cache-control": "no-store" }
      })
    }
    const now = yield* runCli(["customer", "show", id], { fetch })
    assert.match(now.stdout, /^status +Active$/mu, now.stderr)
    const bin = yield* runCli(["bin", "show", id, "--as-of", "1"], { fetch })
    assert.match(bin.stdout, /^serialNumber +SK-1$/mu, bin.stderr)
    const order = yield* runCli(["order", "show", id, "--as-of", "2026-01-31T09:00:00Z", "--json"], { fetch })
    assert.strictEqual((JSON.parse(order.stdout) as { readonly status: string }).status, "Draft")
    assert.deepStrictEqual(asked, [
      `/ops/customers/${id}`,
      `/ops/bins/${id}?asOf=1`,
      `/ops/orders/${id}?asOf=2026-01-31T09%3A00%3A00Z`
    ])
    for (const args of [["show", "x"], ["show", id, "--as-of", "yesterday"], ["show"]]) {
      const { exitCode, stdout } = yield* runCli(["order", ...args])
      assert.deepStrictEqual([exitCode, stdout], [2, ""], args.join(" "))
    }
  })
)
