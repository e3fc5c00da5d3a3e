/** What the edge reads of one customer, bin or order: as the functions for calls, the tenant's own and in one round trip. */
import { binJson, customerJson, orderJson } from "../fieldRows.ts"
import type { Migration } from "./Migration.ts"
import { stablePlan } from "./stablePlan.ts"

const setTenant = `perform set_config('app.current_tenant', p_tenant::text, true);`

const find = (what: string, result: string, table: string, id: string) => [
  `create function dueline.find_${what}(p_tenant uuid, p_id uuid) returns json language plpgsql ${stablePlan} as $$
    begin
      ${setTenant}
      return (select ${result} from dueline.${table} r where r.tenant_id = p_tenant and r.${id} = p_id);
    end $$`,
  `revoke all on function dueline.find_${what} from public`,
  `grant execute on function dueline.find_${what} to dueline_edge`
]

/**
 * Held windows of one bin never overlap: of those that begin before this one only the last can reach into it. Under row-level security
 * an index is asked for plain comparisons with variables only, hence two steps.
 */
const holding = [
  `create function dueline.orders_holding(p_tenant uuid, p_bin uuid, p_from bigint, p_to bigint, p_limit integer) returns setof json
    language plpgsql ${stablePlan} as $$
    declare
      v_first bigint;
    begin
      ${setTenant}
      select o.window_from into v_first from dueline.orders o
        where o.tenant_id = p_tenant and o.bin_id = p_bin and o.status in ('Scheduled', 'Confirmed') and o.window_from <= p_from
        order by o.window_from desc limit 1;
      v_first := coalesce(v_first, p_from);
      return query select ${orderJson("o")} from dueline.orders o
        where o.tenant_id = p_tenant and o.bin_id = p_bin and o.status in ('Scheduled', 'Confirmed')
          and o.window_from >= v_first and o.window_from < p_to and o.window_to > p_from
        order by o.window_from limit p_limit;
    end $$`,
  `revoke all on function dueline.orders_holding from public`,
  `grant execute on function dueline.orders_holding to dueline_edge`
]

export const fieldReads: Migration = {
  id: 12,
  name: "field reads",
  statements: [
    ...find("customer", customerJson("r"), "customers", "customer_id"),
    ...find("profile", "to_json(r.data_key || '.' || r.profile)", "personal_data", "customer_id"),
    ...find("bin", binJson("r"), "bins", "bin_id"),
    ...find("order", orderJson("r"), "orders", "order_id"),
    ...holding
  ]
}
