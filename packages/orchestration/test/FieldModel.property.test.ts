/** Random commands against a customer, a bin, an order, and notebooks written from the requirements: both say the same, always. */
import { assert, it } from "@effect/vitest"
import type { BinRow } from "@dueline/contracts/bin/Bin"
import type { CustomerRow } from "@dueline/contracts/customer/Customer"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Result, type Schema } from "effect"
import { Bin } from "../src/aggregates/Bin.ts"
import { Customer } from "../src/aggregates/Customer.ts"
import type { Aggregate, Command, Tagged } from "../src/engine/Aggregate.ts"
import { Order } from "../src/aggregates/Order.ts"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Model from "./FieldModel.ts"
import { envelope } from "./FieldSample.ts"
import * as Steps from "./FieldSteps.ts"

type AnyCommand = Parameters<typeof envelope>[0]

interface Notebook<C, Story, Book, Row> {
  readonly story: Schema.Schema<Story>
  readonly commandsOf: (story: Story) => ReadonlyArray<C>
  readonly book: () => Book
  readonly expect: (book: Book, command: C) => Model.Expected
  /** The pages of the notebook and the row, in a form that can be compared; both only once there is something. */
  readonly pages: (book: Book) => unknown
  readonly shown: (row: Row) => unknown
  /** From where to where one command may lead, staying aside. */
  readonly legal: ReadonlyArray<string>
}

const agrees = <
  C extends Command & AnyCommand,
  S,
  E extends Tagged,
  R extends Tagged,
  O extends Tagged,
  Story,
  Book,
  Row
>(
  aggregate: Aggregate<C, S, E, R, O>,
  { book: open, commandsOf, expect, legal, pages, shown, story: Story }: Notebook<C, Story, Book, Row>
) =>
  it.prop(
    `a ${aggregate.category} and its notebook agree after every command`,
    { story: Story },
    ({ story }) => {
      const on = new AggregateUnderTest<C, S, E, R, O, ReadModelRow>(aggregate, (command) => envelope(command))
      const book = open()
      for (const command of commandsOf(story)) {
        const { answer, commit, row, rowBefore } = on.ask(command)
        const says = Result.isSuccess(answer) ? answer.success.outcome._tag : (answer.failure as Tagged)._tag
        const tells = (commit?.outbox ?? []).map(({ topic }) => topic)
        const needs = (commit?.requires ?? []).map((each) => (each._tag === "RowIs" ? each.missing : each.rule))
        assert.deepStrictEqual<Model.Expected>({ says, tells, needs }, expect(book, command), command._tag)
        const step = `${statusOf(rowBefore)}>${statusOf(row)}`
        assert.isTrue(statusOf(row) === statusOf(rowBefore) || legal.includes(step), step)
        if (row === null) continue
        assert.deepStrictEqual(shown(row as Row), pages(book))
        assert.strictEqual(row.version, on.stored.length)
        assert.deepStrictEqual(Result.isSuccess(answer) ? answer.success.version : row.version, row.version)
        assert.strictEqual(on.memory.sealed, profileIn(book))
      }
    },
    { arbitrary: { ...propertyRuns, size: 100 } }
  )

const statusOf = (row: ReadModelRow | null): string => (row !== null && "status" in row ? row.status : "None")
const profileIn = (book: unknown): unknown => (book as Partial<Model.CustomerBook>).profile ?? null

agrees(Customer, {
  story: Steps.CustomerStory,
  commandsOf: Steps.customerCommands,
  book: Model.customerBook,
  expect: Model.askCustomer,
  pages: ({ changedAt, status }) => [status, changedAt, status === "Erased" ? changedAt : null],
  shown: ({ erasedAt, status, updatedAt }: CustomerRow) => [status, updatedAt, erasedAt],
  legal: ["None>Active", "Active>Erased"]
})

agrees(Bin, {
  story: Steps.BinStory,
  commandsOf: Steps.binCommands,
  book: Model.binBook,
  expect: Model.askBin,
  pages: ({ capacity, changedAt, facts, status }) => [status, changedAt, capacity, facts],
  shown: ({ capacityLitres, category, customerId, location, serialNumber, sizeLitres, status, updatedAt }: BinRow) => [
    status,
    updatedAt,
    capacityLitres,
    { category, customerId, location, serialNumber, sizeLitres }
  ],
  legal: ["None>Active", "Active>Maintenance", "Maintenance>Active", "Active>Retired", "Maintenance>Retired"]
})

agrees(Order, {
  story: Steps.OrderStory,
  commandsOf: Steps.orderCommands,
  book: Model.orderBook,
  expect: Model.askOrder,
  pages: ({ changedAt, endedAt, items, kind, status, window }) => [status, changedAt, endedAt, items, kind, window],
  shown: ({ endedAt, items, kind, status, updatedAt, window }: OrderRow) => [
    ...[status, updatedAt, endedAt, items.length],
    ...[kind, JSON.stringify(window)]
  ],
  legal: [
    ...["None>Draft", "None>Scheduled", "Draft>Scheduled", "Draft>Cancelled", "Scheduled>Confirmed"],
    ...["Confirmed>Scheduled", "Scheduled>Cancelled", "Confirmed>Cancelled"],
    ...["Scheduled>Completed", "Confirmed>Completed"]
  ]
})
