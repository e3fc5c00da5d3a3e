/** Read models made anew from the log, on a real database and beside writers that are at work. */
import { RowRepair } from "@dueline/postgres/admin/ReadModels"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { rebuildModels } from "../src/projections/rebuildModels.ts"
import { verifyModels } from "../src/projections/verifyModels.ts"
import { FieldLife } from "./FieldLife.ts"
import { ask, damage, rowsIn, stage } from "./ModelStage.ts"

/** Leaves what keeps rows apart from each other alone, so that commands decided on damaged rows break no rule. */
const scribble = [
  "update dueline.customer_rows set row = (row::jsonb || jsonb_build_object('updatedAt', 1, 'version', version + 7))::json",
  `update dueline.bin_rows set row = (row::jsonb || '{"capacityLitres": 77, "location": {"lat": 1, "lon": 2}}')::json`,
  `update dueline.order_rows set row = (row::jsonb || '{"items": [], "version": 1}')::json`,
  "update dueline.service_calls set url = 'https://wrong.example', due_at = due_at + 1"
]

const empty = ["truncate dueline.customer_rows, dueline.bin_rows, dueline.order_rows, dueline.service_calls"]

const total = (models: Effect.Success<ReturnType<typeof rebuildModels>>["models"], what: "written" | "dropped") =>
  Object.values(models).reduce((sum, model) => sum + model[what], 0)

it.layer(stage, { excludeTestServices: true, timeout: "120 seconds" })("rebuild", (it) => {
  it.effect(
    "rows that were all lost are the same again, but for what is not in the log",
    () =>
      Effect.gen(function* () {
        const life = new FieldLife(1, 1, 12)
        yield* life.live(1_500)
        const before = yield* rowsIn({ lease: true })
        assert.isAbove(before.size, 40)
        yield* damage(...empty)
        const { events, models, problems } = yield* rebuildModels({})
        assert.deepStrictEqual(problems, [])
        assert.isAbove(events, 300)
        assert.strictEqual(total(models, "written"), before.size)
        assert.deepStrictEqual(yield* rowsIn({ lease: true }), before)
      }),
    { tags: ["ADR-0018.2"] }
  )

  it.effect(
    "only rows that are wrong are written; sealed requests and leases that were extended stay",
    () =>
      Effect.gen(function* () {
        const life = new FieldLife(2, 2, 12)
        yield* life.live(1_000)
        const kept = "select call_id, sealed, lease_until from dueline.service_calls order by tenant_id, call_id"
        const [sound, placed] = [yield* rowsIn(), yield* rowsIn({ where: true })]
        assert.strictEqual(total((yield* rebuildModels({})).models, "written"), 0)
        assert.deepStrictEqual(yield* rowsIn({ where: true }), placed)
        yield* damage("update dueline.service_calls set lease_until = lease_until + 60000 where status = 'Running'")
        const calls = yield* ask(kept)
        const touched = `tenant_id = '${life.tenantId}'`
        yield* damage(
          `update dueline.bin_rows set row = jsonb_set(row::jsonb, '{status}', '"Retired"')::json
            where ${touched} and id = '${life.bin(3)}'`,
          `update dueline.service_calls set method = 'GET', attempt = attempt + 1 where ${touched}`,
          `insert into dueline.customer_rows (row)
            select json_build_object('_tag', 'CustomerRow', 'tenantId', '${life.tenantId}', 'customerId', n.id,
              'version', 1, 'status', 'Active', 'createdAt', 1, 'updatedAt', 1, 'erasedAt', null, 'correlationId', 'x')
            from (select gen_random_uuid() as id) n`
        )
        const { models } = yield* rebuildModels({})
        assert.deepStrictEqual([total(models, "dropped"), models.order?.written], [1, 0])
        assert.deepStrictEqual(yield* rowsIn(), sound)
        assert.deepStrictEqual(yield* ask(kept), calls)
        const places = yield* rowsIn({ where: true })
        for (const [id, place] of placed) {
          if (id.startsWith("customer_rows") || id.startsWith("order_rows")) assert.strictEqual(places.get(id), place)
        }
      }),
    { tags: ["ADR-0018.3"] }
  )

  it.effect("bins that have each other's serial number, and orders each other's window, get their own again", () =>
    Effect.gen(function* () {
      yield* new FieldLife(3, 3, 30).live(1_500)
      const before = yield* rowsIn()
      yield* damage(
        `update dueline.bin_rows b set row = jsonb_set(b.row::jsonb, '{serialNumber}', to_jsonb(o.serial_number))::json
          from (select tenant_id, id, lead(serial_number, 1, first)
            over (partition by tenant_id order by id) as serial_number from (select *, first_value(serial_number)
            over (partition by tenant_id order by id) as first from dueline.bin_rows) x) o
          where o.tenant_id = b.tenant_id and o.id = b.id`,
        `update dueline.order_rows o set row = jsonb_set(o.row::jsonb, '{window}', jsonb_build_object('from', p.f, 'to', p.t))::json
          from (select tenant_id, id,
            lead(window_from, 1, ff) over w as f, lead(window_to, 1, ft) over w as t from (
              select *, first_value(window_from) over v as ff, first_value(window_to) over v as ft from dueline.order_rows
              where status in ('Scheduled', 'Confirmed') window v as (partition by tenant_id, bin_id order by id)) x
            window w as (partition by tenant_id, bin_id order by id)) p
          where p.tenant_id = o.tenant_id and p.id = o.id`
      )
      assert.notDeepEqual(yield* rowsIn(), before)
      // So few at a time that what one row should hold is still another's.
      const { problems } = yield* rebuildModels({ together: 3 })
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(yield* rowsIn(), before)
    })
  )

  it.effect("with one model named, the others are left as they are", () =>
    Effect.gen(function* () {
      yield* new FieldLife(4, 4, 8).live(400)
      const sound = yield* rowsIn()
      yield* damage(...scribble)
      const damaged = yield* rowsIn()
      const { models } = yield* rebuildModels({ categories: ["bin"] })
      assert.deepStrictEqual(Object.keys(models), ["bin"])
      const rows = yield* rowsIn()
      for (const [id, row] of rows) assert.strictEqual(row, (id.startsWith("bin_rows") ? sound : damaged).get(id))
      yield* rebuildModels({})
      assert.deepStrictEqual(yield* rowsIn(), sound)
    })
  )

  it.effect(
    "commands are carried out while all rows are put right under them, and all rows are right at the end",
    () =>
      Effect.gen(function* () {
        const life = new FieldLife(5, 5, 40)
        yield* life.live(800)
        const working = yield* Effect.forkChild(life.live(1_600))
        let rounds = 0
        while (working.pollUnsafe() === undefined || rounds < 2) {
          // It walks all rows in an order of its own, and is the one to give way when it meets a writer.
          yield* Effect.retry(damage(...scribble, "delete from dueline.service_calls where random() < 0.3"), {
            times: 20
          })
          const { problems } = yield* rebuildModels({ together: 10 })
          assert.deepStrictEqual(problems, [])
          rounds += 1
        }
        yield* Fiber.join(working)
        const { findings, rows } = yield* verifyModels()
        assert.isAbove(rows, 100)
        assert.deepStrictEqual(findings, [])
      }),
    { tags: ["ADR-0018.2"] }
  )

  it.effect("one that is cut short has left every row as it was or as it should be, and the next one starts over", () =>
    Effect.gen(function* () {
      yield* new FieldLife(6, 6, 30).live(1_500)
      const sound = yield* rowsIn()
      yield* damage(...scribble)
      const damaged = yield* rowsIn()
      const repair = yield* RowRepair
      let asked = 0
      const dying = RowRepair.of({
        ...repair,
        // What was done in the second transaction is not there when its connection is gone.
        together: (work) =>
          repair.together(Effect.flatMap(work, (result) => (++asked === 2 ? Effect.interrupt : Effect.succeed(result))))
      })
      const exit = yield* Effect.exit(Effect.provideService(rebuildModels({}), RowRepair, dying))
      assert.isTrue(Exit.hasInterrupts(exit))
      const rows = yield* rowsIn()
      const right = [...rows].filter(([id, row]) => row === sound.get(id) && row !== damaged.get(id))
      const wrong = [...rows].filter(([id, row]) => row === damaged.get(id) && row !== sound.get(id))
      assert.isAbove(right.length, 0)
      assert.isAbove(wrong.length, 0)
      assert.strictEqual(right.length + wrong.length, rows.size)
      yield* rebuildModels({})
      assert.deepStrictEqual(yield* rowsIn(), sound)
    })
  )

  it.effect("a snapshot that says something else is written again", () =>
    Effect.gen(function* () {
      const life = new FieldLife(7, 7, 1)
      yield* life.liveLong(100, 300)
      const stored =
        "select state #>> '{}' from dueline.snapshots where (state #>> '{state,bin,capacityLitres}')::int = "
      assert.lengthOf(yield* ask(`${stored} 255`), 1)
      yield* damage(
        `update dueline.snapshots set state = jsonb_set(state::jsonb, '{state,bin,capacityLitres}', '1')::json`
      )
      const { problems, snapshots } = yield* rebuildModels({})
      assert.deepStrictEqual([problems, snapshots], [[], 1])
      assert.lengthOf(yield* ask(`${stored} 255`), 1)
      assert.deepStrictEqual((yield* verifyModels()).findings, [])
    })
  )

  it.effect("an event that cannot be read is told, and its row is left alone", () =>
    Effect.gen(function* () {
      const life = new FieldLife(8, 8, 4)
      yield* life.liveLong(101, 3)
      const before = yield* rowsIn()
      yield* damage(
        `update dueline.events set payload = '{"_tag":"BinCapacityUpdated"}'
          where tenant_id = '${life.tenantId}' and stream_id = '${life.bin(101)}' and version = 3`
      )
      const { problems } = yield* rebuildModels({})
      assert.deepStrictEqual(
        problems.map(({ streamId }) => streamId),
        [life.bin(101)]
      )
      assert.deepStrictEqual(yield* rowsIn(), before)
      yield* damage(`delete from dueline.events where tenant_id = '${life.tenantId}'`)
      assert.strictEqual(total((yield* rebuildModels({})).models, "dropped"), 1)
    })
  )
})
