/** Every screen by its address, as the navigation lists them. What is seldom looked at is loaded when it is. */
import { CallsScreen } from "../calls/CallsScreen.tsx"
import { CallScreen } from "../calls/CallScreen.tsx"
import { type ComponentType, lazy } from "react"
import { JobScreen, JobsScreen } from "../jobs/JobScreens.tsx"
import { LetterScreen, LettersScreen } from "../letters/LetterScreens.tsx"
import { OverviewScreen } from "../overview/OverviewScreen.tsx"

/** A screen by the name it is exported under, loaded when it is first shown. */
const later = <Name extends string, Screens extends Readonly<Record<Name, unknown>>>(
  load: () => Promise<Screens>,
  name: Name
): Screens[Name] => lazy(() => load().then((screens) => ({ default: screens[name] as ComponentType }))) as Screens[Name]

const SchedulesScreen = later(() => import("../schedules/ScheduleScreens.tsx"), "SchedulesScreen")
const ScheduleScreen = later(() => import("../schedules/ScheduleScreens.tsx"), "ScheduleScreen")
const IngestionsScreen = later(() => import("../field/IngestionScreens.tsx"), "IngestionsScreen")
const IngestionScreen = later(() => import("../field/IngestionScreens.tsx"), "IngestionScreen")
const ShipmentsScreen = later(() => import("../field/ShipmentsScreen.tsx"), "ShipmentsScreen")
const OrdersScreen = later(() => import("../orders/OrdersScreen.tsx"), "OrdersScreen")
const OrderScreen = later(() => import("../orders/OrderScreen.tsx"), "OrderScreen")
const BinsScreen = later(() => import("../bins/BinScreens.tsx"), "BinsScreen")
const BinScreen = later(() => import("../bins/BinScreens.tsx"), "BinScreen")
const CustomersScreen = later(() => import("../field/CustomerScreens.tsx"), "CustomersScreen")
const CustomerScreen = later(() => import("../field/CustomerScreens.tsx"), "CustomerScreen")
const KeysScreen = later(() => import("../installation/KeysScreen.tsx"), "KeysScreen")
const SourcesScreen = later(() => import("../installation/SourcesScreen.tsx"), "SourcesScreen")
const TenantsScreen = later(() => import("../installation/TenantsScreen.tsx"), "TenantsScreen")
const AuditScreen = later(() => import("../installation/AuditScreen.tsx"), "AuditScreen")
const SubscriptionsScreen = later(() => import("../subscriptions/SubscriptionScreens.tsx"), "SubscriptionsScreen")
const SubscriptionScreen = later(() => import("../subscriptions/SubscriptionScreens.tsx"), "SubscriptionScreen")
const PausesScreen = later(() => import("../pauses/PausesScreen.tsx"), "PausesScreen")
const FlowsScreen = later(() => import("../pauses/FlowsScreen.tsx"), "FlowsScreen")
const ScheduleForms = () => import("../schedules/ScheduleForms.tsx")
const NewScheduleScreen = later(ScheduleForms, "NewScheduleScreen")
const EditScheduleScreen = later(ScheduleForms, "EditScheduleScreen")
const RolesScreen = later(() => import("../installation/RolesScreen.tsx"), "RolesScreen")
const SessionsScreen = later(() => import("../installation/SessionsScreen.tsx"), "SessionsScreen")
const SystemScreen = later(() => import("../installation/SystemScreen.tsx"), "SystemScreen")
const TimelineScreen = later(() => import("../installation/AuditScreen.tsx"), "TimelineScreen")

export interface Place {
  readonly path: string
  readonly name: string
  /** Without this permission it is not offered. */
  readonly scope: string | null
  readonly screen: ComponentType
}

export interface Group {
  readonly name: string
  readonly places: ReadonlyArray<Place>
}

export const groups: ReadonlyArray<Group> = [
  {
    name: "Now",
    places: [
      { path: "/", name: "Overview", scope: "ops:overview.read", screen: OverviewScreen },
      { path: "/calls", name: "Calls", scope: "ops:calls.read", screen: CallsScreen },
      { path: "/dead-letters", name: "Dead letters", scope: "ops:dead-letters.read", screen: LettersScreen },
      { path: "/jobs", name: "Jobs", scope: "ops:jobs.read", screen: JobsScreen },
      { path: "/schedules", name: "Schedules", scope: "ops:schedules.read", screen: SchedulesScreen },
      { path: "/flows", name: "Flows", scope: "ops:flows.read", screen: FlowsScreen },
      { path: "/pauses", name: "Pauses", scope: "ops:pauses.read", screen: PausesScreen },
      {
        path: "/subscriptions",
        name: "Subscriptions",
        scope: "ops:subscriptions.read",
        screen: SubscriptionsScreen
      }
    ]
  },
  {
    name: "Field",
    places: [
      { path: "/orders", name: "Orders", scope: "ops:orders.read", screen: OrdersScreen },
      { path: "/bins", name: "Bins", scope: "ops:bins.read", screen: BinsScreen },
      { path: "/customers", name: "Customers", scope: "ops:customers.read", screen: CustomersScreen },
      { path: "/ingestion", name: "Ingestion", scope: "ops:ingestions.read", screen: IngestionsScreen },
      { path: "/shipments", name: "Shipments", scope: "ops:shipments.read", screen: ShipmentsScreen }
    ]
  },
  {
    name: "Installation",
    places: [
      { path: "/keys", name: "API keys", scope: "ops:api-keys.read", screen: KeysScreen },
      { path: "/sources", name: "Courier sources", scope: "ops:courier-sources.read", screen: SourcesScreen },
      { path: "/tenants", name: "Tenants", scope: "ops:tenants.read", screen: TenantsScreen },
      { path: "/roles", name: "Roles", scope: "ops:sessions.read", screen: RolesScreen },
      { path: "/sessions", name: "Sessions", scope: "ops:sessions.read", screen: SessionsScreen },
      { path: "/audit", name: "Audit", scope: "ops:audit.read", screen: AuditScreen },
      { path: "/system", name: "System", scope: null, screen: SystemScreen }
    ]
  }
]

/** Screens of one thing, by the address below its list. */
export const details: ReadonlyArray<{
  readonly path: string
  readonly screen: ComponentType<{ readonly id: string }>
}> = [
  { path: "/calls/:id", screen: CallScreen },
  { path: "/dead-letters/:id", screen: LetterScreen },
  { path: "/jobs/:id", screen: JobScreen },
  { path: "/schedules/new", screen: NewScheduleScreen },
  { path: "/schedules/:id/edit", screen: EditScheduleScreen },
  { path: "/schedules/:id", screen: ScheduleScreen },
  { path: "/orders/:id", screen: OrderScreen },
  { path: "/bins/:id", screen: BinScreen },
  { path: "/customers/:id", screen: CustomerScreen },
  { path: "/subscriptions/:id", screen: SubscriptionScreen },
  { path: "/ingestion/:id", screen: IngestionScreen },
  { path: "/timeline/:id", screen: TimelineScreen }
]
